select
    'homelessness_duty_per_1000_households' as measure_id,
    case when area_code like 'E92%' then 'england' when area_code like 'E12%' then 'region' else 'council' end as area_type,
    area_code,
    area_name,
    {{ add_months('month', -2) }} as period_start,
    {{ month_end('month') }} as period_end,
    cast(households_owed_a_duty as decimal(28, 6)) as numerator,
    cast(cast(households_thousands as decimal(28, 6)) * 1000 as decimal(28, 6)) as denominator,
    cast(null as bigint) as replies,
    cast(null as decimal(28, 6)) as value_sum,
    cast(null as decimal(28, 6)) as value_sum_of_squares,
    cast(null as bigint) as promoters,
    cast(null as bigint) as detractors,
    cast(null as bigint) as invited
from {{ source('live', 'homelessness_duty') }}
where month is not null
