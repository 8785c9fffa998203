{# Two rows of age strata (`area_strata`) of one area, month, period and sex. `area_key` names another area to be held against. #}
{% macro same_stratum(left, right, area_key=none) -%}
{{ area_key or left ~ '.area_key' }} = {{ right }}.area_key
            and {{ left }}.month_number = {{ right }}.month_number
            and {{ left }}.period = {{ right }}.period
            and {{ left }}.sex = {{ right }}.sex
{%- endmacro %}
