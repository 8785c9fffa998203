select
    catalogue.indicator_id,
    weights.day_class,
    weights.calendar_basis,
    cast(weights.day_weight as double) as day_weight
from {{ ref('indicator_catalogue') }} as catalogue
inner join {{ ref('day_class_weights') }} as weights on catalogue.numerator_measure_id = weights.measure_id
-- only where the calendar is used at all
inner join (
    select distinct indicator_id
    from {{ ref('calendar_factors') }}
    where calendar_basis <> 'none'
) as used on catalogue.indicator_id = used.indicator_id
