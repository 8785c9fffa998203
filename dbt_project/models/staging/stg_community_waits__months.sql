-- people who have waited more than 52 weeks of all who wait, over the services of an organisation; all three tables must have the same
-- services: one that is hidden (its row is quarantined) or has another name in one of them is not the same as none
with organisations as (
    select
        {{ nhs_area_type('area_level') }} as area_type,
        coalesce(area_code, case when upper(area_level) = 'NATIONAL' then 'ENG' end) as area_code,
        month,
        max(area_name) as area_name,
        sum(cast(value as decimal(28, 6))) filter (where metric <> 'WAITING') as over_52_weeks,
        sum(cast(value as decimal(28, 6))) filter (where metric = 'WAITING') as waiting,
        count(*) = 3 * count(distinct service) as has_all_services
    from {{ source('live', 'community_waits') }}
    where month is not null and metric in ('WAITING', 'WAITING_52_TO_104_WEEKS', 'WAITING_OVER_104_WEEKS')
    group by all
)

select
    'community_waits_over_52_weeks_pct' as measure_id,
    area_type,
    area_code,
    area_name,
    month as period_start,
    {{ month_end('month') }} as period_end,
    cast(over_52_weeks as decimal(28, 6)) as numerator,
    cast(waiting as decimal(28, 6)) as denominator,
    {{ no_answers() }}
from organisations
where area_type is not null and area_code is not null and has_all_services and over_52_weeks is not null and waiting is not null
