{# One scan for what a grain promises: no null in the key, one row per key, and every rule true (a rule that is null holds,
   as a missing figure breaks nothing). Fails with one row per broken promise and the number of rows that break it. #}
{% test grain(model, key, rules=[], not_null=[]) %}

with grouped as (
    select
        count(*) as rows_of_key
        {% for rule in rules -%}
        , sum(case when not ({{ rule }}) then 1 else 0 end) as rule_{{ loop.index }}
        {% endfor -%}
        , sum(case when {% for column in key + not_null %}{{ column }} is null{{ ' or ' if not loop.last }}{% endfor %} then 1 else 0 end) as null_rows
    from {{ model }}
    group by {{ key | join(', ') }}
),

promises as (
    select
        'more than one row per key' as promise,
        cast(sum(case when rows_of_key > 1 then rows_of_key else 0 end) as bigint) as violations
    from grouped
    union all
    select
        'null in a column that is never null' as promise,
        cast(sum(null_rows) as bigint) as violations
    from grouped
    {% for rule in rules -%}
    union all
    select
        '{{ rule | replace("'", "''") }}' as promise,
        cast(sum(rule_{{ loop.index }}) as bigint) as violations
    from grouped
    {% endfor %}
)

select *
from promises
where violations > 0

{% endtest %}
