{% set ends = {'95': ['0.025', '1.959963984540054'], '99_8': ['0.001', '3.090232306167813']} -%}
with limits as (
    select
        *,
        {% for level, (tail, z) in ends.items() -%}
        case
            when dispersion > 0
                then greatest(0.0, pooled_value * (1.0 - {{ z }} * sqrt(1.0 / expected + dispersion)))
            else pooled_value * ({{ poisson_lower('expected', tail) }}) / expected
        end as lower_{{ level }},
        case
            when dispersion > 0 then pooled_value * (1.0 + {{ z }} * sqrt(1.0 / expected + dispersion))
            else pooled_value * ({{ poisson_upper('expected', tail) }}) / expected
        end as upper_{{ level }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('funnel_points') }}
)

select
    limits.indicator_id,
    limits.cohort_id,
    limits.area_type,
    limits.area_code,
    limits.month,
    'rolling_12_months' as period,
    limits.observed,
    limits.expected,
    limits.value,
    limits.pooled_value,
    limits.lower_95,
    limits.upper_95,
    limits.lower_99_8,
    limits.upper_99_8,
    limits.dispersion,
    case
        when limits.value < limits.lower_99_8 then 'low_99_8'
        when limits.value > limits.upper_99_8 then 'high_99_8'
        when limits.value < limits.lower_95 then 'low_95'
        when limits.value > limits.upper_95 then 'high_95'
        else 'within'
    end as funnel_class,
    limits.period_status
from limits
