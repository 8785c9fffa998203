{# How often each person was counted in every window of months, summed over people, without a row per person and month.

   How to read it: a person's count k in the window ending in month m is a step function of m: it rises in a month with events and falls
   `width` months later. Between steps k is constant and so is f(k); what a place's sum gains or loses lies on the steps alone. So: the steps of
   each person (`steps`), k behind and before each (`counts`), what f gains there (`changes`), summed per place, then per area
   (`area_changes`), added up in time (`levels`), and spread over the months up to the next step.

   counted    relation of the measures asked for: `person_measure_key`, and the columns that `further` names
   keys       further columns that make a person's k one's own (age band, sex)
   function   SQL over `{k}` and `further`: whole numbers, nought at k = 0
   width      months in the window
   further    columns of `counted` per value of which there is a sum

   Gives area_key, month_number, person_measure_key, the keys, `further` and `total`; a missing row is nought. #}
{% macro person_step_sums(counted, keys, function, width, further=[]) -%}
{% set by = ['person_measure_key'] + keys -%}
{% set summed_by = (by + further) | join(', ') -%}
with

steps as (
    select
        {{ by | join(', ') }},
        person_key,
        place_key,
        month_number,
        sum(change) as change
    from (
        select
            *,
            events as change
        from {{ ref('person_period_areas') }}
        union all
        select
            * replace (month_number + {{ width }} as month_number),
            -events as change
        from {{ ref('person_period_areas') }}
    ) as changes
    where person_measure_key in (select counted.person_measure_key from {{ counted }} as counted)
    group by all
    having sum(change) <> 0
),

-- k before a step is k less what the step changes, so f is not looked up in the row before
counts as (
    select
        * exclude (change),
        cast(sum(change) over person_so_far as bigint) as events,
        cast(sum(change) over person_so_far - change as bigint) as events_before
    from steps
    window person_so_far as (partition by person_key, place_key{% for key in keys %}, {{ key }}{% endfor %} order by month_number)
),

changes as (
    select
        {{ summed_by }},
        place_key,
        month_number,
        sum(({{ function | replace('{k}', 'events') }}) - ({{ function | replace('{k}', 'events_before') }})) as change
    from counts
    inner join {{ counted }} using (person_measure_key)
    group by all
    having change <> 0
),

area_changes as (
    select
        {{ summed_by }},
        places.area_key,
        month_number,
        sum(change) as change
    from changes
    inner join {{ ref('person_places') }} as places using (place_key)
    group by all
),

levels as (
    select
        {{ summed_by }},
        area_key,
        month_number,
        sum(change) over area_so_far as total,
        lead(month_number) over area_so_far as next_month_number
    from area_changes
    window area_so_far as (partition by area_key, {{ summed_by }} order by month_number)
)

select
    areas.area_key,
    areas.month_number,
    {{ summed_by }},
    cast(levels.total as bigint) as total
from levels
inner join {{ ref('indicator_areas') }} as areas
    on
        levels.area_key = areas.area_key
        and areas.month_number >= levels.month_number
        and (levels.next_month_number is null or areas.month_number < levels.next_month_number)
where levels.total <> 0
{%- endmacro %}

{# The same for single months, where a person's k is simply the events of the month: no step has to be followed. #}
{% macro person_month_sums(counted, keys, function) -%}
{% set by = (['person_measure_key'] + keys) | join(', ') -%}
with

counts as (
    select
        {{ by }},
        person_key,
        place_key,
        month_number,
        sum(events) as events
    from {{ ref('person_period_areas') }}
    where person_measure_key in (select counted.person_measure_key from {{ counted }} as counted)
    group by all
),

place_sums as (
    select
        {{ by }},
        place_key,
        month_number,
        sum({{ function | replace('{k}', 'events') }}) as total
    from counts
    group by all
    having total <> 0
)

select
    areas.area_key,
    areas.month_number,
    {{ by }},
    cast(sum(total) as bigint) as total
from place_sums
inner join {{ ref('person_places') }} as places using (place_key)
-- of the months in which the area lives
inner join {{ ref('indicator_areas') }} as areas using (area_key, month_number)
group by all
{%- endmacro %}
