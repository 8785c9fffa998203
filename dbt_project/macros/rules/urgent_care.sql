{# HES A&E stands for the days before, the Emergency Care Data Set from here on: never both for one day (definitions C7). The seed knows. #}
{% macro first_day_of_ecds() -%}
    (select first_month from {{ ref('status_groups') }} where status_group = 'urgent_care')
{%- endmacro %}
