{# Calendar functions whose spelling or meaning differs between engines. Every argument is a SQL expression. Each is dispatched, also where
   DuckDB and Spark take the same SQL, so that a further engine adds macros and changes none. #}

{% macro month_start(date_expression) -%}
    {{ return(adapter.dispatch('month_start', 'int_marts')(date_expression)) }}
{%- endmacro %}

{% macro default__month_start(date_expression) -%}
    cast(date_trunc('month', {{ date_expression }}) as date)
{%- endmacro %}

{% macro month_end(date_expression) -%}
    {{ return(adapter.dispatch('month_end', 'int_marts')(date_expression)) }}
{%- endmacro %}

{% macro default__month_end(date_expression) -%}
    cast(last_day({{ date_expression }}) as date)
{%- endmacro %}

{# A month has its last day when the target month is shorter: 31 August plus 6 months is 28 February. #}
{% macro add_months(date_expression, months) -%}
    {{ return(adapter.dispatch('add_months', 'int_marts')(date_expression, months)) }}
{%- endmacro %}

{% macro default__add_months(date_expression, months) -%}
    cast({{ date_expression }} + to_months(cast({{ months }} as integer)) as date)
{%- endmacro %}

{% macro spark__add_months(date_expression, months) -%}
    add_months({{ date_expression }}, cast({{ months }} as integer))
{%- endmacro %}

{% macro add_days(date_expression, days) -%}
    {{ return(adapter.dispatch('add_days', 'int_marts')(date_expression, days)) }}
{%- endmacro %}

{% macro default__add_days(date_expression, days) -%}
    cast({{ date_expression }} + cast({{ days }} as integer) as date)
{%- endmacro %}

{% macro spark__add_days(date_expression, days) -%}
    date_add({{ date_expression }}, cast({{ days }} as integer))
{%- endmacro %}

{# Whole days from the first date to the second; negative when the second is earlier. #}
{% macro days_between(start_expression, end_expression) -%}
    {{ return(adapter.dispatch('days_between', 'int_marts')(start_expression, end_expression)) }}
{%- endmacro %}

{% macro default__days_between(start_expression, end_expression) -%}
    cast(date_diff('day', {{ start_expression }}, {{ end_expression }}) as integer)
{%- endmacro %}

{% macro spark__days_between(start_expression, end_expression) -%}
    datediff({{ end_expression }}, {{ start_expression }})
{%- endmacro %}

{# Calendar months from the first date's month to the second's, whatever the days: engines disagree on their own function. #}
{% macro months_between(start_expression, end_expression) -%}
    {{ return(adapter.dispatch('months_between', 'int_marts')(start_expression, end_expression)) }}
{%- endmacro %}

{% macro default__months_between(start_expression, end_expression) -%}
    cast(
        (extract(year from {{ end_expression }}) - extract(year from {{ start_expression }})) * 12
        + extract(month from {{ end_expression }}) - extract(month from {{ start_expression }})
        as integer
    )
{%- endmacro %}

{# The calendar year in which the financial year of a date began on 1 April. #}
{% macro financial_year_start(date_expression) -%}
    cast(
        extract(year from {{ date_expression }}) - case when extract(month from {{ date_expression }}) < 4 then 1 else 0 end
        as integer
    )
{%- endmacro %}

{# '2025/26' #}
{% macro financial_year(date_expression) -%}
    concat(
        cast({{ financial_year_start(date_expression) }} as varchar(4)), '/',
        right(cast({{ financial_year_start(date_expression) }} + 1 as varchar(4)), 2)
    )
{%- endmacro %}

{% macro date_of_parts(year_expression, month_expression) -%}
    {{ return(adapter.dispatch('date_of_parts', 'int_marts')(year_expression, month_expression)) }}
{%- endmacro %}

{% macro default__date_of_parts(year_expression, month_expression) -%}
    make_date(cast({{ year_expression }} as integer), cast({{ month_expression }} as integer), 1)
{%- endmacro %}

{# Seconds since 1970 of a date and a time of day; null when either is missing. #}
{% macro epoch_seconds(date_expression, time_expression) -%}
    {{ return(adapter.dispatch('epoch_seconds', 'int_marts')(date_expression, time_expression)) }}
{%- endmacro %}

{% macro default__epoch_seconds(date_expression, time_expression) -%}
    cast(epoch({{ date_expression }} + {{ time_expression }}) as bigint)
{%- endmacro %}

{% macro spark__epoch_seconds(date_expression, time_expression) -%}
    unix_timestamp(concat(cast({{ date_expression }} as string), ' ', {{ time_expression }}))
{%- endmacro %}

{% macro timestamp_of(date_expression, time_expression) -%}
    {{ return(adapter.dispatch('timestamp_of', 'int_marts')(date_expression, time_expression)) }}
{%- endmacro %}

{% macro default__timestamp_of(date_expression, time_expression) -%}
    cast({{ date_expression }} + {{ time_expression }} as timestamp)
{%- endmacro %}

{% macro spark__timestamp_of(date_expression, time_expression) -%}
    to_timestamp(concat(cast({{ date_expression }} as string), ' ', {{ time_expression }}))
{%- endmacro %}

{# A query of one column `month`: every first of a month from the first to the last, both included. #}
{% macro month_series(first_month_expression, last_month_expression, from_clause) -%}
    {{ return(adapter.dispatch('month_series', 'int_marts')(first_month_expression, last_month_expression, from_clause)) }}
{%- endmacro %}

{% macro default__month_series(first_month_expression, last_month_expression, from_clause) -%}
    select cast(unnest(generate_series({{ first_month_expression }}, {{ last_month_expression }}, interval 1 month)) as date) as month
    from {{ from_clause }}
{%- endmacro %}

{% macro spark__month_series(first_month_expression, last_month_expression, from_clause) -%}
    select explode(sequence({{ first_month_expression }}, {{ last_month_expression }}, interval 1 month)) as month
    from {{ from_clause }}
{%- endmacro %}
