{# Conversions, patterns and lists whose spelling differs between engines; dispatched as in dates.sql. #}

{# Null where the denominator is null, zero or less. #}
{% macro safe_divide(numerator, denominator) -%}
    {{ return(adapter.dispatch('safe_divide', 'int_marts')(numerator, denominator)) }}
{%- endmacro %}

{% macro default__safe_divide(numerator, denominator) -%}
    case when {{ denominator }} > 0 then cast({{ numerator }} as double) / cast({{ denominator }} as double) end
{%- endmacro %}

{# A text key over several expressions; a null counts as a value of its own. #}
{% macro hash_key(expressions) -%}
    {{ return(adapter.dispatch('hash_key', 'int_marts')(expressions)) }}
{%- endmacro %}

{% macro default__hash_key(expressions) -%}
    md5(concat_ws('|', {% for expression in expressions -%}
        coalesce(cast({{ expression }} as varchar(4000)), '~'){{ ', ' if not loop.last }}
    {%- endfor %}))
{%- endmacro %}

{# Whether the whole text matches the regular expression; null for null. #}
{% macro matches(expression, pattern) -%}
    {{ return(adapter.dispatch('matches', 'int_marts')(expression, pattern)) }}
{%- endmacro %}

{% macro default__matches(expression, pattern) -%}
    regexp_full_match({{ expression }}, '{{ pattern }}')
{%- endmacro %}

{% macro spark__matches(expression, pattern) -%}
    {{ expression }} rlike '^(?:{{ pattern | replace('\\', '\\\\') }})\\z'
{%- endmacro %}

{# One row per code of a `,A00,B00,` column, as a select-list expression. #}
{% macro unnest_codes(column) -%}
    {{ return(adapter.dispatch('unnest_codes', 'int_marts')(column)) }}
{%- endmacro %}

{% macro default__unnest_codes(column) -%}
    unnest(string_split(trim({{ column }}, ','), ','))
{%- endmacro %}

{% macro spark__unnest_codes(column) -%}
    explode(split(trim(both ',' from {{ column }}), ','))
{%- endmacro %}

{# The distinct values of a group as a sorted array. #}
{% macro sorted_array(expression) -%}
    {{ return(adapter.dispatch('sorted_array', 'int_marts')(expression)) }}
{%- endmacro %}

{% macro default__sorted_array(expression) -%}
    list_sort(list(distinct {{ expression }}))
{%- endmacro %}

{% macro spark__sorted_array(expression) -%}
    sort_array(collect_set({{ expression }}))
{%- endmacro %}

{# Of a sorted array of numbers, those more than `gap` after the last one kept; the first is always kept. One row each.
   "After the last one kept" needs a fold: windows see the previous row, not the previous kept row. #}
{% macro unnest_kept_after_gap(array_expression, gap) -%}
    {{ return(adapter.dispatch('unnest_kept_after_gap', 'int_marts')(array_expression, gap)) }}
{%- endmacro %}

{% macro default__unnest_kept_after_gap(array_expression, gap) -%}
    unnest(list_reduce(
        list_transform({{ array_expression }}, lambda value: [value]),
        lambda kept, next: case when next[1] - kept[len(kept)] > {{ gap }} then list_concat(kept, next) else kept end
    ))
{%- endmacro %}

{% macro spark__unnest_kept_after_gap(array_expression, gap) -%}
    explode(aggregate(
        slice({{ array_expression }}, 2, size({{ array_expression }})),
        array({{ array_expression }}[0]),
        (kept, next) -> case when next - element_at(kept, -1) > {{ gap }} then concat(kept, array(next)) else kept end
    ))
{%- endmacro %}
