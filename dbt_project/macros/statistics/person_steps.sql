{# How often each person was counted in every window of months, summed over people, without a row per person and month.

   A person's count k in the window ending in month m is a step function of m: it rises in a month with events and falls `width`
   months later. Between steps k is constant and so is f(k); what an area's sum gains or loses lies on the steps alone.

   keys          further columns that make a person's k one's own (sex and age band), besides measure and cohort
   function      SQL over `events` (= k): whole numbers, nought at k = 0
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
        cast(sum(change) over (
            partition by {{ by | join(', ') }}, person_id, boundary, area_type, area_code order by month_number
        ) as bigint) as events
    from steps
),

changes as (
    select
        counts.*,
        {% for column in added %}{{ further_join[0] }}.{{ column }},{% endfor %}
        ({{ function }}) - coalesce(lag({{ function }}) over (
            partition by
                {% for column in by %}counts.{{ column }}, {% endfor %}counts.person_id, counts.boundary, counts.area_type, counts.area_code
                {%- for column in added %}, {{ further_join[0] }}.{{ column }}{% endfor %}
            order by counts.month_number
        ), 0) as change
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

-- a settled person's practice is in the same areas in every month, so any month tells which
practice_places as (
    select distinct
        practice_code,
        boundary,
        area_type,
        area_code
    from {{ ref('practice_levels') }}
),

area_changes as (
    select
        boundary,
        area_type,
        area_code,
        {{ (by + added) | join(', ') }},
        month_number,
        change
    from place_changes
    where area_type <> 'practice'
    union all
    select
        places.boundary,
        places.area_type,
        places.area_code,
        {% for column in by + added %}place_changes.{{ column }}, {% endfor %}
        place_changes.month_number,
        place_changes.change
    from place_changes
    inner join practice_places as places
        on place_changes.area_type = 'practice' and place_changes.area_code = places.practice_code
),

levels as (
    select
        boundary,
        area_type,
        area_code,
        {{ (by + added) | join(', ') }},
        month_number,
        sum(sum(change)) over (
            partition by boundary, area_type, area_code, {{ (by + added) | join(', ') }} order by month_number
        ) as total,
        lead(month_number) over (
            partition by boundary, area_type, area_code, {{ (by + added) | join(', ') }} order by month_number
        ) as next_month_number
    from area_changes
    group by boundary, area_type, area_code, {{ (by + added) | join(', ') }}, month_number
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
        levels.boundary = areas.boundary
        and levels.area_type = areas.area_type
        and levels.area_code = areas.area_code
        and areas.month_number >= levels.month_number
        and (levels.next_month_number is null or areas.month_number < levels.next_month_number)
where levels.total <> 0
{%- endmacro %}
