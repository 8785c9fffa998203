{# HES A&E stands for the days before, the Emergency Care Data Set from here on: never both for one day (definitions C7). #}
{% macro first_day_of_ecds() -%}
    cast('2020-04-01' as date)
{%- endmacro %}
