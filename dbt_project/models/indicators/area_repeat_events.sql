-- What people with several events add to the variance of a standardised rate (definitions C10, C14): per area, period, sex and age
-- band, Σk(k − 1), so that Σk² = events + this; k = events of one person in that area, band and period. For the measures that are
-- standardised directly, and everybody.
with

standardised as (
    select distinct numerator_measure_id as measure_id
    from {{ ref('indicator_catalogue') }}
    where standardisation = 'direct_esp2013'
)

{% for period, width in {'month': 1, 'rolling_12_months': 12}.items() -%}
select
    '{{ period }}' as period,
    *
from (
    {{ person_step_sums(
        ['sex', 'age_band'],
        'events * (events - 1)',
        width,
        where="cohort_id = 'all' and measure_id in (select standardised.measure_id from standardised)"
    ) | indent(4) }}
) as {{ period }}_sums
{{ 'union all' if not loop.last }}
{% endfor -%}
