{# How an engine spells types and loads seeds: only dbt itself calls these (contracts, unit tests, `dbt seed`). And how it is told to
   work a common table out once. #}

{# Text is `varchar` in contracts, seeds and fixtures; Spark calls it `string` and takes `varchar` only with a length. #}
{% macro spark_type(data_type) -%}
    {{ return('string' if data_type | lower in ('varchar', 'text') else data_type) }}
{%- endmacro %}

{% macro spark__cast(field, type) -%}
    cast({{ field }} as {{ spark_type(type) }})
{%- endmacro %}

{% macro spark__create_csv_table(model, agate_table) -%}
    {%- set column_types = model['config'].get('column_types', {}) -%}
    {%- set sql -%}
        create table {{ this.render() }} (
            {% for column in agate_table.column_names -%}
            {{ column }} {{ spark_type(column_types.get(column, adapter.convert_type(agate_table, loop.index0))) }}{{ ', ' if not loop.last }}
            {%- endfor %}
        )
    {%- endset -%}
    {% call statement('_') -%}{{ sql }}{%- endcall %}
    {{ return(sql) }}
{%- endmacro %}

{# dbt-spark's session method puts values into the statement as text: an empty cell would become 'None', and a quotation mark or a
   per cent sign would break it (checked with 1.11.0). So literals are written here, with nulls and escapes. #}
{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set column_types = model['config'].get('column_types', {}) -%}
    {%- set types = [] -%}
    {%- for column in agate_table.column_names -%}
        {%- do types.append(spark_type(column_types.get(column, adapter.convert_type(agate_table, loop.index0)))) -%}
    {%- endfor -%}
    {%- set sql -%}
        insert into {{ this.render() }} values
        {% for row in agate_table.rows -%}
        ({% for value in row -%}
            cast({{ 'null' if value is none else "'" ~ (value | string | replace('\\', '\\\\') | replace("'", "\\'")) ~ "'" }} as {{ types[loop.index0] }})
            {{- ', ' if not loop.last }}
        {%- endfor %}){{ ', ' if not loop.last }}
        {% endfor %}
    {%- endset -%}
    {%- if agate_table.rows | length > 0 -%}
        {% do adapter.add_query(sql, abridge_sql_log=True) %}
    {%- endif -%}
    {{ return(sql) }}
{%- endmacro %}

{# For a chain of common table expressions that each read the one before, as in `name as {{ computed_once() }} (`. DuckDB 1.5.6 binds
   such a chain anew from every link: 24 links took a minute before the first row was read, and 0.07 s when each is computed once. #}
{% macro computed_once() -%}
    {{ return(adapter.dispatch('computed_once', 'int_marts')()) }}
{%- endmacro %}

{% macro default__computed_once() -%}
    materialized
{%- endmacro %}

{% macro spark__computed_once() -%}
{%- endmacro %}
