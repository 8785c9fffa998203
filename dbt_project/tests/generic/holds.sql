{# One scan for rules that every row keeps; a rule that is null holds. Fails with one row per broken rule. #}
{% test holds(model, rules) %}

with counted as (
    select
        {% for rule in rules -%}
        sum(case when not ({{ rule }}) then 1 else 0 end) as rule_{{ loop.index }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ model }}
),

broken as (
    {% for rule in rules -%}
    select
        '{{ rule | replace("'", "''") }}' as rule,
        cast(rule_{{ loop.index }} as bigint) as violations
    from counted
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select *
from broken
where violations > 0

{% endtest %}
