{# Histograms of durations in whole units, for medians (design 5).

   durations  measure id → {'value': integer expression, 'where': condition}; other arguments as in `additive_measures` #}
{% macro duration_measures(events, durations, persons=true) -%}
with

counted as (
    select
        'all' as cohort_id,
        events.*
    from {{ events }} as events
    {% if persons -%}
    union all
    select
        memberships.cohort_id,
        events.*
    from {{ events }} as events
    inner join {{ ref('person_cohort_periods') }} as memberships
        on
            events.person_id = memberships.person_id
            and events.event_date >= memberships.valid_from
            and events.event_date < memberships.valid_to
    {%- endif %}
)

{% for measure_id, rule in durations.items() -%}
select
    '{{ measure_id }}' as measure_id,
    cohort_id,
    event_month as month,
    practice_code,
    coalesce(sex, 'unknown') as sex,
    coalesce(age_band, 'unknown') as age_band,
    cast({{ rule['value'] }} as integer) as duration,
    count(*) as events
from counted
where event_month is not null and ({{ rule['where'] }}) and {{ rule['value'] }} is not null
group by all
{% if not loop.last %}union all
{% endif -%}
{% endfor %}
{%- endmacro %}
