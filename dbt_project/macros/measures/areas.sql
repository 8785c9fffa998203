{# Months counted from January 2000, so that windows of months are ranges of whole numbers. #}
{% macro month_number(month_expression) -%}
    {{ months_between("cast('2000-01-01' as date)", month_expression) }}
{%- endmacro %}

{# The four levels at which an indicator is shown (design 4.5): a relation that carries int_code, pcn_code, hcp_code and icb_code is
   summed to each. `NO_INT` and `ICB_ONLY` are part of the ICB alone; networks and partnerships are their teams.

   relation    relation to sum
   keys        columns kept beside area_type and area_code
   aggregates  output column → aggregate expression #}
{% macro sum_to_areas(relation, keys, aggregates) -%}
{% set levels = {'int': 'int_code', 'pcn': 'pcn_code', 'hcp': 'hcp_code', 'icb': 'icb_code'} -%}
{% for area_type, column in levels.items() -%}
select
    '{{ area_type }}' as area_type,
    {{ column }} as area_code,
    {% for key in keys -%}
    {{ key }},
    {% endfor -%}
    {% for name, expression in aggregates.items() -%}
    {{ expression }} as {{ name }}{{ ',' if not loop.last }}
    {% endfor %}
from {{ relation }}
where {{ column }} is not null{% if area_type != 'icb' %} and int_code not in ('NO_INT', 'ICB_ONLY'){% endif %}
group by {{ column }}, {{ keys | join(', ') }}
{% if not loop.last -%}
union all
{% endif -%}
{% endfor -%}
{%- endmacro %}
