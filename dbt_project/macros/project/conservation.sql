{# Rows where the totals of a mart, over all its areas, differ from what lies below it, for either boundary. `below` is a query with the
   same key and measure columns; both sides are compared in decimals, so a lost pound or a lost record shows.
   A zero row of the mart has nothing below it, which is a difference of nought. #}
{% macro conservation(mart, key, measures, below) -%}
with below as (
    {{ below }}
),

expected as (
    select
        {{ key | join(', ') }},
        {% for measure in measures -%}
        cast(coalesce(sum({{ measure }}), 0) as decimal(38, 3)) as {{ measure }}{{ ',' if not loop.last }}
        {% endfor %}
    from below
    inner join {{ ref('months') }} as months using (month)
    group by {{ key | join(', ') }}
),

published as (
    {% for relation, schema_name in [(mart, 'marts'), ('as_at_' ~ mart, 'as_at')] -%}
    select
        '{{ schema_name }}' as boundary,
        {{ key | join(', ') }},
        {% for measure in measures -%}
        cast(coalesce(sum({{ measure }}), 0) as decimal(38, 3)) as {{ measure }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref(relation) }}
    group by {{ key | join(', ') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

boundaries as (
    select 'marts' as boundary
    union all
    select 'as_at' as boundary
),

expected_by_boundary as (
    select
        boundaries.boundary,
        expected.*
    from expected
    cross join boundaries
),

compared as (
    select
        boundary,
        {{ key | join(', ') }},
        {% for measure in measures -%}
        coalesce(published.{{ measure }}, 0) - coalesce(expected_by_boundary.{{ measure }}, 0) as {{ measure }}_difference{{ ',' if not loop.last }}
        {% endfor %}
    from published
    full join expected_by_boundary using (boundary, {{ key | join(', ') }})
)

select *
from compared
where {% for measure in measures %}{{ measure }}_difference <> 0{{ ' or ' if not loop.last }}{% endfor %}
{%- endmacro %}

{# Whether a month is covered for a group of measures: what came beside covered months is counted in removed_by_rule. #}
{% macro covered(month, group) -%}
exists (
    select 1 from {{ ref('feed_month_statuses') }} as covered_months
    where covered_months.month = {{ month }} and covered_months.status_group = {{ group }}
)
{%- endmacro %}
