with limits as (
    select
        *,
        {{ funnel_lower_limit('0.025', z_95()) }} as lower_95,
        {{ funnel_upper_limit('0.025', z_95()) }} as upper_95,
        {{ funnel_lower_limit('0.001', z_99_8()) }} as lower_99_8,
        {{ funnel_upper_limit('0.001', z_99_8()) }} as upper_99_8
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
