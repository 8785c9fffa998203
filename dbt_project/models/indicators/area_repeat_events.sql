-- What people with several events add to the variance of a standardised rate (definitions C10, C14): per area, period, sex and age
-- band, Σk(k − 1), so that Σk² = events + this; k = events of one person in that area, band and period. For the measures that are
-- standardised directly, and everybody.
with

standardised as (
    select distinct numerator_measure_id as measure_id
    from {{ ref('indicator_catalogue') }}
    where standardisation = 'direct_esp2013'
)

select
    'month' as period,
    *
from (
    {{ person_month_sums(
        ['sex', 'age_band'],
        '{k} * ({k} - 1)',
        where="cohort_id = 'all' and measure_id in (select standardised.measure_id from standardised)"
    ) | indent(4) }}
) as month_sums
union all
select
    'rolling_12_months' as period,
    *
from (
    {{ person_step_sums(
        ['sex', 'age_band'],
        '{k} * ({k} - 1)',
        12,
        where="cohort_id = 'all' and measure_id in (select standardised.measure_id from standardised)"
    ) | indent(4) }}
) as rolling_12_months_sums
