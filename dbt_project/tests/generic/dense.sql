{# No gaps: each team that has any row in a month has every value of the dimension that the month shows, and each value's months run
   without a hole from its first to its last (unless its months may come and go, as unit costs do where a contract takes over). #}
{% test dense(model, dimension, has_all_months=true) %}

with cells as (
    select distinct
        int_code,
        month,
        {{ dimension }} as value
    from {{ model }}
    where not {{ is_special_area('int_code') }}
),

teams as (
    select distinct
        int_code,
        month
    from cells
),

month_values as (
    select distinct
        month,
        value
    from cells
),

spans as (
    select
        value,
        count(*) as months_shown,
        {{ months_between('min(month)', 'max(month)') }} + 1 as months_expected
    from month_values
    group by value
)

select
    'a team without a value' as gap,
    cast(count(*) as bigint) as violations
from teams
inner join month_values on teams.month = month_values.month
left join cells
    on teams.int_code = cells.int_code and teams.month = cells.month and month_values.value = cells.value
where cells.value is null
having count(*) > 0
{% if has_all_months -%}
union all
select
    'a month without a value' as gap,
    cast(sum(months_expected - months_shown) as bigint) as violations
from spans
having sum(months_expected - months_shown) > 0
{% endif %}

{% endtest %}
