-- Per month, record level beats practice level beats sub-ICB level; they are never added together (design 4.2).
with levels as (
    select distinct
        coverage_month as month,
        1 as preference,
        'gp_appointments' as source
    from {{ ref('stg_plan__feed_coverage') }}
    where feed = 'gp_appointments' and rows_live > 0
    union all
    select distinct
        appointment_month as month,
        case when publication_level = 'practice' then 2 else 3 end as preference,
        case when publication_level = 'practice' then 'gp_appointments_published_practice' else 'gp_appointments_published_sub_icb' end as source
    from {{ ref('own_published_appointments') }}
),

ranked as (
    select
        *,
        row_number() over (partition by month order by preference) as source_rank
    from levels
)

select
    month,
    source
from ranked
where source_rank = 1
