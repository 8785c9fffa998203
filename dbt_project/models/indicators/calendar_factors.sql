-- How many days like its mean day a month holds for each indicator, over their mean (definitions E15): what a month's figure is divided by
-- before it is judged. Rates of people are events per day; a share of activity, a length of stay and pounds of a month are not, and their
-- factor is 1 (`none`).
with

effective as (
    select
        catalogue.indicator_id,
        days.month,
        min(weights.calendar_basis) as calendar_basis,
        {{ exact_sum('days.days * weights.day_weight', 6) }} as effective_days
    from {{ ref('indicator_catalogue') }} as catalogue
    inner join {{ ref('day_class_weights') }} as weights on catalogue.numerator_measure_id = weights.measure_id
    inner join {{ ref('month_day_classes') }} as days on weights.day_class = days.day_class
    where catalogue.measure_kind = 'additive' and catalogue.denominator_kind = 'population' and not starts_with(catalogue.unit, '£')
    group by catalogue.indicator_id, days.month
)

select
    catalogue.indicator_id,
    months.month,
    coalesce(effective.calendar_basis, 'none') as calendar_basis,
    effective.effective_days,
    coalesce(
        effective.effective_days * count(*) over (partition by catalogue.indicator_id)
        / nullif(cast(sum(cast(effective.effective_days as decimal(38, 6))) over (partition by catalogue.indicator_id) as double), 0),
        1.0
    ) as calendar_factor
from {{ ref('indicator_catalogue') }} as catalogue
cross join {{ ref('months') }} as months
left join effective on catalogue.indicator_id = effective.indicator_id and months.month = effective.month
