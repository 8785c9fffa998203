select
    lower(measure_id) as measure_id,
    lower(area_type) as area_type,
    area_code,
    cast(null as varchar) as area_name,
    period_start,
    period_end,
    cast(numerator as decimal(28, 6)) as numerator,
    cast(denominator as decimal(28, 6)) as denominator,
    cast(replies as bigint) as replies,
    cast(value_sum as decimal(28, 6)) as value_sum,
    cast(value_sum_of_squares as decimal(28, 6)) as value_sum_of_squares,
    cast(promoters as bigint) as promoters,
    cast(detractors as bigint) as detractors,
    cast(invited as bigint) as invited
from {{ source('live', 'reported_measures') }}
