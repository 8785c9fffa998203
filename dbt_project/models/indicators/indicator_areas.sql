-- Every area that lives in a month, on both boundaries, and how many of the last 12 months it has lived under its own code.
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
    boundary,
    area_type,
    area_code,
    month,
    {{ month_number('month') }} as month_number,
    count(*) over (
        partition by boundary, area_type, area_code
        order by {{ month_number('month') }} range between 11 preceding and current row
    ) as months_of_life
from lived
