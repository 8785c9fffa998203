-- Per month, record level beats practice level beats sub-ICB level; they are never added together (design 4.2). Records stand where they
-- cover the month, so that a stray row does not beat what was published (definitions E2).
with levels as (
    select
        month,
        1 as preference,
        'gp_appointments' as source
    from {{ ref('feed_months') }}
    where feed = 'gp_appointments' and is_covered
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
