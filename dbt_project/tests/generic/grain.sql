{# One scan for what a grain promises: no null in the key, one row per key, and every rule true (a rule that is null holds,
   as a missing figure breaks nothing). Fails with one row per broken promise and the number of rows that break it.
   Rows are gathered by their key's hash, in well under half the time of the key itself: equal keys have equal hashes, so
   only rows whose hash stands twice can repeat a key, and those few are counted by the key. #}
{% test grain(model, key, rules=[], not_null=[]) %}

with grouped as (
    select
        hash({{ key | join(', ') }}) as key_hash
        , count(*) as rows_of_hash
        {% for rule in rules -%}
        , sum(case when not ({{ rule }}) then 1 else 0 end) as rule_{{ loop.index }}
        {% endfor -%}
        , sum(case when {% for column in key + not_null %}{{ column }} is null{{ ' or ' if not loop.last }}{% endfor %} then 1 else 0 end) as null_rows
    from {{ model }}
    group by hash({{ key | join(', ') }})
),

repeated as (
    select count(*) as rows_of_key
    from {{ model }}
    where hash({{ key | join(', ') }}) in (select grouped.key_hash from grouped where grouped.rows_of_hash > 1)
    group by {{ key | join(', ') }}
    having count(*) > 1
),

promises as (
    select
        'more than one row per key' as promise,
        cast(sum(rows_of_key) as bigint) as violations
    from repeated
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
