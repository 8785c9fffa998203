-- What people with several events add to the variance of a standardised rate (definitions C10, C14): per area, period, sex and age
-- band, Σk(k − 1), so that Σk² = events + this; k = events of one person in that area, band and period.
{% for period, width in {'month': 1, 'rolling_12_months': 12}.items() -%}
select
    '{{ period }}' as period,
    *
from (
    {{ person_step_sums(['sex', 'age_band'], 'events * (events - 1)', width) | indent(4) }}
) as {{ period }}_sums
{{ 'union all' if not loop.last }}
{% endfor -%}
