{# Additive cells of one source of events, in one pass over it (design 5).

   events    relation with one row per counted thing and the columns event_month, event_date, person_id, practice_code, sex, age_band, imd_quintile
   measures  measure id → a SQL condition (counts the rows where it holds), or {'sum': expression, 'where': condition}
   flags     cohort id of kind `event_flag` → SQL condition on the event
   persons   whether members of person-list cohorts can be found by person_id
   weight    column to add up instead of counting rows, for sources that come as counts

   Two cuts of the same total: `sex_age` (sex × age band) and `imd` (deprivation quintile); each sums to the whole by itself, so a
   figure is read from one of them, never from both. #}
{% macro additive_measures(events, measures, flags={}, persons=true, weight=none) -%}
with

counted as (
    select
        'all' as cohort_id,
        events.*
    from {{ events }} as events
    {% for cohort_id, condition in flags.items() -%}
    union all
    select
        '{{ cohort_id }}' as cohort_id,
        events.*
    from {{ events }} as events
    where {{ condition }}
    {% endfor -%}
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
),

-- the rows are read once, into the finest cells; both cuts are sums of those
finest as (
    select
        cohort_id,
        event_month as month,
        practice_code,
        coalesce(sex, 'unknown') as sex,
        coalesce(age_band, 'unknown') as age_band,
        imd_quintile,
        {% for measure_id, rule in measures.items() -%}
        {% if rule is mapping -%}
        coalesce(sum(cast({{ rule['sum'] }} as decimal(18, 2))) filter (where {{ rule.get('where', 'true') }}), 0)
        {%- elif weight -%}
        coalesce(sum({{ weight }}) filter (where {{ rule }}), 0)
        {%- else -%}
        count(*) filter (where {{ rule }})
        {%- endif %} as {{ measure_id }}{{ ',' if not loop.last }}
        {% endfor %}
    from counted
    where event_month is not null
    group by cohort_id, event_month, practice_code, coalesce(sex, 'unknown'), coalesce(age_band, 'unknown'), imd_quintile
),

wide as (
    select
        finest.cohort_id,
        cuts.cut,
        finest.month,
        finest.practice_code,
        case when cuts.cut = 'sex_age' then finest.sex else 'all' end as sex,
        case when cuts.cut = 'sex_age' then finest.age_band else 'all' end as age_band,
        case when cuts.cut = 'imd' then finest.imd_quintile end as imd_quintile,
        {% for measure_id in measures -%}
        cast(sum(finest.{{ measure_id }}) as decimal(18, 2)) as {{ measure_id }}{{ ',' if not loop.last }}
        {% endfor %}
    from finest
    cross join (values ('sex_age'), ('imd')) as cuts (cut)
    group by all
)

select
    cast(measure_id as varchar) as measure_id,
    cohort_id,
    cut,
    month,
    practice_code,
    sex,
    age_band,
    imd_quintile,
    numerator
from wide
unpivot (numerator for measure_id in ({{ measures.keys() | join(', ') }}))
where numerator <> 0
{%- endmacro %}
