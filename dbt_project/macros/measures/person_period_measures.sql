{# Events per person and month of one source, for people with two or more of them (design 5). A person with one event is an
   event like any other; only repeaters make people and events differ, so only they are kept: Σk² = events + Σk(k − 1).

   Arguments as in `additive_measures`; a measure here carries the id of the additive measure that counts the same events. A null
   person is nobody and repeats nothing. #}
{% macro person_period_measures(events, measures, flags={}) -%}
with

counted as (
    select
        'all' as cohort_id,
        events.*
    from {{ events }} as events
    where events.person_id is not null
    {% for cohort_id, condition in flags.items() -%}
    union all
    select
        '{{ cohort_id }}' as cohort_id,
        events.*
    from {{ events }} as events
    where events.person_id is not null and ({{ condition }})
    {% endfor -%}
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
),

wide as (
    select
        cohort_id,
        person_id,
        event_month as month,
        practice_code,
        coalesce(sex, 'unknown') as sex,
        coalesce(age_band, 'unknown') as age_band,
        {% for measure_id, condition in measures.items() -%}
        cast(count(*) filter (where {{ condition }}) as integer) as {{ measure_id }}{{ ',' if not loop.last }}
        {% endfor %}
    from counted
    where event_month is not null and practice_code is not null
    group by all
)

select
    cast(measure_id as varchar) as measure_id,
    cohort_id,
    person_id,
    month,
    practice_code,
    sex,
    age_band,
    events
from wide
unpivot (events for measure_id in ({{ measures.keys() | join(', ') }}))
where events > 0
qualify sum(events) over (partition by measure_id, cohort_id, person_id) >= 2
{%- endmacro %}
