{# Schemas are the folder names, the same in every target, so that a mart's address never depends on who built it. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
