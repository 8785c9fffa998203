-- Every area that lives in a month, on both boundaries, how many of the last 12 months it has lived under its own code, and whether
-- cohorts are worked out for it. They are for teams, partnerships and the ICB as they stand at the data cut: networks and each month's
-- own boundaries show everybody.
with

lived as (
    select distinct
        boundary,
        month,
        area_type,
        area_code
    from {{ ref('practice_levels') }}
)

select
    cast(dense_rank() over (order by boundary, area_type, area_code) as integer) as area_key,
    boundary,
    area_type,
    area_code,
    month,
    {{ month_number('month') }} as month_number,
    count(*) over (
        partition by boundary, area_type, area_code
        order by {{ month_number('month') }} range between 11 preceding and current row
    ) as months_of_life,
    boundary = 'marts' and area_type <> 'pcn' as has_cohorts
from lived
