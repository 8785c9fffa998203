-- the share of urgent community response within two hours, published as a percentage without its counts: it is not summed to anything
select
    'urgent_response_2_hours_pct' as measure_id,
    {{ nhs_area_type('area_level') }} as area_type,
    case when upper(area_level) = 'NATIONAL' then 'ENG' else area_code end as area_code,
    area_name,
    month as period_start,
    {{ month_end('month') }} as period_end,
    cast(case upper(metric) when 'PERFORMANCE_SHARE' then 100 * value else value end as decimal(28, 6)) as numerator,
    cast(100 as decimal(28, 6)) as denominator,
    {{ no_answers() }}
from {{ source('live', 'community_services') }}
where
    month is not null and value is not null and upper(metric) in ('PERFORMANCE', 'PERFORMANCE_SHARE')
    and upper(area_level) in ('NATIONAL', 'REGION', 'ICB', 'PROVIDER')
