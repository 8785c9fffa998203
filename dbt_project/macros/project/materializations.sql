{# A build starts with an empty warehouse (orchestration/graph/assets/warehouse.py), so a table or view is made where it belongs, in one
   statement. dbt's own materialisations make it under a second name, move an old one aside, rename and drop: five more statements for
   each of 150 models, which were a quarter of a small build. What is built alone replaces the old one in the same transaction. #}
{% materialization table, adapter='duckdb' %}
  {%- set relation = this.incorporate(type='table') -%}
  {% call statement('main') -%}
    {{ drop_sql(load_cached_relation(this)) }}
    {{ create_table_as(False, relation, compiled_code) }}
  {%- endcall %}
  {% do adapter.commit() %}
  {{ return({'relations': [relation]}) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
  {%- set relation = this.incorporate(type='view') -%}
  {% call statement('main') -%}
    {{ drop_sql(load_cached_relation(this)) }}
    {{ get_create_view_as_sql(relation, compiled_code) }}
  {%- endcall %}
  {% do adapter.commit() %}
  {{ return({'relations': [relation]}) }}
{% endmaterialization %}

{% macro drop_sql(relation) -%}
{%- if relation -%}drop {{ relation.type }} {{ relation }};{%- endif -%}
{%- endmacro %}
