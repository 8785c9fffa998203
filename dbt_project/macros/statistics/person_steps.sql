{# How often each person was counted in every window of months, summed over people, without a row per person and month.

   A person's count k in the window ending in month m is a step function of m: it rises in a month with events and falls `width`
   months later. Between steps k is constant and so is f(k); what an area's sum gains or loses lies on the steps alone.

   keys          further columns that make a person's k one's own (sex and age band), besides measure and cohort
   function      SQL over `{k}`: whole numbers, nought at k = 0
   width         months in the window
   where         which rows of person_period_areas are asked for
   further_join  [relation, column it shares, column it adds]: f may use it, and the sums are per its value

   Gives boundary, area_type, area_code, month, measure_id, cohort_id, the keys and `total`; a missing row is nought. #}
{% macro person_step_sums(keys, function, width, where='true', further_join=none) -%}
{% set by = ['measure_id', 'cohort_id'] + keys -%}
{% set added = [further_join[2]] if further_join else [] -%}
with

steps as (
    select
        {{ by | join(', ') }},
        person_id,
        boundary,
        area_type,
        area_code,
        month_number,
        sum(change) as change
    from (
        select
            *,
            events as change
        from {{ ref('person_period_areas') }}
        where {{ where }}
        union all
        select
            * replace (month_number + {{ width }} as month_number),
            -events as change
        from {{ ref('person_period_areas') }}
        where {{ where }}
    ) as changes
    group by all
    having sum(change) <> 0
),

counts as (
    select
        * exclude (change),
        cast(sum(change) over person_so_far as bigint) as events,
        cast(sum(change) over person_so_far - change as bigint) as events_before
    from steps
    window person_so_far as (
        partition by {{ by | join(', ') }}, person_id, boundary, area_type, area_code order by month_number
    )
),

-- k before a step is k less what the step changes, so f is not looked up in the row before
changes as (
    select
        counts.*,
        {% for column in added %}{{ further_join[0] }}.{{ column }},{% endfor %}
        ({{ function | replace('{k}', 'events') }}) - ({{ function | replace('{k}', 'events_before') }}) as change
    from counts
    {% if further_join -%}
    inner join {{ further_join[0] }} on counts.{{ further_join[1] }} = {{ further_join[0] }}.{{ further_join[1] }}
    {%- endif %}
),

place_changes as (
    select
        boundary,
        area_type,
        area_code,
        {{ (by + added) | join(', ') }},
        month_number,
        sum(change) as change
    from changes
    group by all
    having sum(change) <> 0
),

area_changes as (
    {{ areas_of_places('place_changes', by + added + ['month_number', 'change']) | indent(4) }}
),

levels as (
    select
        area_key,
        {{ (by + added) | join(', ') }},
        month_number,
        sum(sum(change)) over area_so_far as total,
        lead(month_number) over area_so_far as next_month_number
    from area_changes
    group by area_key, {{ (by + added) | join(', ') }}, month_number
    window area_so_far as (partition by area_key, {{ (by + added) | join(', ') }} order by month_number)
)

select
    areas.boundary,
    areas.area_type,
    areas.area_code,
    areas.month,
    {% for column in by + added %}levels.{{ column }}, {% endfor %}
    cast(levels.total as bigint) as total
from levels
inner join {{ ref('indicator_areas') }} as areas
    on
        levels.area_key = areas.area_key
        and areas.month_number >= levels.month_number
        and (levels.next_month_number is null or areas.month_number < levels.next_month_number)
where levels.total <> 0
{%- endmacro %}

{# The same for single months, where a person's k is simply the events of the month: no step has to be followed.

   keys, function, where   as in `person_step_sums` #}
{% macro person_month_sums(keys, function, where='true') -%}
{% set by = ['measure_id', 'cohort_id'] + keys -%}
with

place_sums as (
    select
        boundary,
        area_type,
        area_code,
        {{ by | join(', ') }},
        month_number,
        sum({{ function | replace('{k}', 'events') }}) as total
    from {{ ref('person_period_areas') }}
    where {{ where }}
    group by all
    having sum({{ function | replace('{k}', 'events') }}) <> 0
),

area_sums as (
    {{ areas_of_places('place_sums', by + ['month_number', 'total']) | indent(4) }}
)

select
    areas.boundary,
    areas.area_type,
    areas.area_code,
    areas.month,
    {% for column in by %}area_sums.{{ column }}, {% endfor %}
    cast(sum(area_sums.total) as bigint) as total
from area_sums
inner join {{ ref('indicator_areas') }} as areas
    on area_sums.area_key = areas.area_key and area_sums.month_number = areas.month_number
group by all
having sum(area_sums.total) <> 0
{%- endmacro %}

{# Rows of places (boundary, area_type, area_code, as in person_period_areas) as rows of areas, by number: those of an area stay, those of
   a practice go to each area it is in. A settled person's practice is in the same areas in every month, so any month tells which. #}
{% macro areas_of_places(places, columns) -%}
select
    areas.area_key,
    {% for column in columns %}places.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
from {{ places }} as places
inner join (
    select distinct
        area_key,
        boundary,
        area_type,
        area_code
    from {{ ref('indicator_areas') }}
    union
    select
        areas.area_key,
        'both' as boundary,
        'practice' as area_type,
        levels.practice_code as area_code
    from {{ ref('practice_levels') }} as levels
    inner join {{ ref('indicator_areas') }} as areas
        on
            levels.boundary = areas.boundary
            and levels.area_type = areas.area_type
            and levels.area_code = areas.area_code
            and levels.month = areas.month
) as areas
    on places.boundary = areas.boundary and places.area_type = areas.area_type and places.area_code = areas.area_code
{%- endmacro %}
