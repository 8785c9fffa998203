-- one row per practice and question; a survey's weighted counts and bases add up, its percentages do not
{% for question in ['overall_good', 'contact_good', 'phone_easy', 'preferred_professional', 'confident_self_care', 'enough_support'] -%}
select
    'gpps_{{ question }}_pct' as measure_id,
    'practice' as area_type,
    practice_code as area_code,
    cast(null as varchar) as area_name,
    {{ add_months('month', -2) }} as period_start,
    {{ month_end('month') }} as period_end,
    cast({{ question }}_count as decimal(28, 6)) as numerator,
    cast({{ question }}_base as decimal(28, 6)) as denominator,
    cast({{ question }}_replies as bigint) as replies,
    cast(null as decimal(28, 6)) as value_sum,
    cast(null as decimal(28, 6)) as value_sum_of_squares,
    cast(null as bigint) as promoters,
    cast(null as bigint) as detractors,
    cast(case when {{ question }}_replies <= invited then invited end as bigint) as invited
from {{ source('live', 'gp_patient_survey') }}
where month is not null
{{ 'union all' if not loop.last }}
{% endfor %}
