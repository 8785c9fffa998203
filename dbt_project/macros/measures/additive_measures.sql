{# Additive cells of one source of events, in one pass over it (design 5): a row per cell, a column per measure. `additive_cells` has
   them as rows, a measure each; kept as columns they are a tenth of the rows.

   events    relation with one row per counted thing and the columns event_month, event_date, person_id, practice_code, sex, age_band, imd_quintile
   measures  measure id → a SQL condition (counts the rows where it holds), or {'sum': expression, 'where': condition}
   flags     cohort id of kind `event_flag` → SQL condition on the event
   persons   whether members of person-list cohorts can be found by person_id
   weight    column to add up instead of counting rows, for sources that come as counts
   dated     whether `event_date` is the day of the event itself

   Two cuts of the same total: `sex_age` (sex × age band) and `imd` (deprivation quintile); each sums to the whole by itself, so a
   figure is read from one of them, never from both. A third, `day_class` (everybody everywhere, by weekday and bank holiday), is there
   for dated events, and only for the weights of days (definitions E15). #}
{% macro additive_measures(events, measures, flags={}, persons=true, weight=none, dated=persons) -%}
with

-- the rows are read once, into the finest cells: which cohorts an event is in is part of its cell, and all else is a sum of those
finest as (
    select
        {{ 'spans.cohort_set_key' if persons else 'cast(null as integer)' }} as cohort_set_key,
        {% for cohort_id, condition in flags.items() -%}
        coalesce({{ condition }}, false) as in_{{ cohort_id }},
        {% endfor -%}
        events.event_month as month,
        events.practice_code,
        coalesce(events.sex, 'unknown') as sex,
        coalesce(events.age_band, 'unknown') as age_band,
        events.imd_quintile,
        {{ counted_measures(measures, weight) }}
    from {{ events }} as events
    {% if persons -%}
    left join {{ ref('person_cohort_spans') }} as spans
        on
            events.person_id = spans.person_id
            and events.event_date >= spans.valid_from
            and events.event_date < spans.valid_to
    {% endif -%}
    where events.event_month is not null
    group by all
),

placed as (
    select
        'all' as cohort_id,
        finest.*
    from finest
    {% for cohort_id in flags -%}
    union all
    select
        '{{ cohort_id }}' as cohort_id,
        finest.*
    from finest
    where in_{{ cohort_id }}
    {% endfor -%}
    {% if persons -%}
    union all
    select
        sets.cohort_id,
        finest.*
    from finest
    inner join (
        select distinct
            cohort_set_key,
            unnest(cohort_ids) as cohort_id
        from {{ ref('person_cohort_spans') }}
    ) as sets on finest.cohort_set_key = sets.cohort_set_key
    {%- endif %}
)

select
    placed.cohort_id,
    cuts.cut,
    placed.month,
    placed.practice_code,
    case when cuts.cut = 'sex_age' then placed.sex else 'all' end as sex,
    case when cuts.cut = 'sex_age' then placed.age_band else 'all' end as age_band,
    case when cuts.cut = 'imd' then placed.imd_quintile end as imd_quintile,
    cast(null as integer) as day_class,
    {% for measure_id in measures -%}
    cast(sum(placed.{{ measure_id }}) as decimal(18, 2)) as {{ measure_id }}{{ ',' if not loop.last }}
    {% endfor %}
from placed
cross join (values ('sex_age'), ('imd')) as cuts (cut)
group by all
{% if dated -%}
union all by name
select
    'all' as cohort_id,
    'day_class' as cut,
    events.event_month as month,
    cast(null as varchar) as practice_code,
    'all' as sex,
    'all' as age_band,
    cast(null as integer) as imd_quintile,
    {{ day_class('events.event_date', 'bank_holiday') }} as day_class,
    {{ counted_measures(measures, weight, 'decimal(18, 2)') }}
from {{ events }} as events
left join (select date as bank_holiday from {{ ref('bank_holidays') }}) as holidays on events.event_date = holidays.bank_holiday
where events.event_month is not null and events.event_date is not null
group by all
{%- endif %}
{%- endmacro %}

{# A column per measure: rows counted, or a column of theirs added up. #}
{% macro counted_measures(measures, weight, data_type=none) -%}
        {% for measure_id, rule in measures.items() -%}
        {{ 'cast(' if data_type }}
        {%- if rule is mapping -%}
        coalesce(sum(cast({{ rule['sum'] }} as decimal(18, 2))) filter (where {{ rule.get('where', 'true') }}), 0)
        {%- elif weight -%}
        coalesce(sum({{ weight }}) filter (where {{ rule }}), 0)
        {%- else -%}
        count(*) filter (where {{ rule }})
        {%- endif %}{{ ' as ' ~ data_type ~ ')' if data_type }} as {{ measure_id }}{{ ',' if not loop.last }}
        {% endfor %}
{%- endmacro %}

{# Monday 1 to Sunday 7, a bank holiday 8 whatever weekday it is: they are busy and quiet in ways of their own. #}
{% macro day_class(date_expression, holiday) -%}
    cast(case when {{ holiday }} is not null then 8 else isodow({{ date_expression }}) end as integer)
{%- endmacro %}

{# The cells of a measure file as rows: one per cell and measure that counted anything. #}
{% macro cells_in_rows(cells) -%}
select *
from {{ cells }}
unpivot (
    numerator for measure_id in (
        columns(* exclude (cohort_id, cut, month, practice_code, sex, age_band, imd_quintile, day_class))
    )
)
where numerator <> 0
{%- endmacro %}
