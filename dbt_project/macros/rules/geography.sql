{# Which practice and which area an event belongs to (definitions C1). #}

{# The practice code on a record, or null when it names no practice: V81997-9 are "none", "not applicable", "not known". #}
{% macro usable_practice_code(expression) -%}
    case
        when {{ matches("upper(trim(" ~ expression ~ "))", "[A-Z][0-9]{5}") }}
            and upper(trim({{ expression }})) not in ('V81997', 'V81998', 'V81999')
            then upper(trim({{ expression }}))
    end
{%- endmacro %}

{# The team, or the special code, of an event left-joined to `practice_areas`. Nothing is dropped. #}
{% macro area_code(practice_code, area_int_code) -%}
    case
        when {{ practice_code }} is null then 'UNATTRIBUTED'
        when {{ area_int_code }} is null then 'OUT_OF_AREA'
        else {{ area_int_code }}
    end
{%- endmacro %}

{# Cells of practice and month, summed to the team or special code of each on both boundaries; nothing is dropped.

   relation  relation to sum, with month and practice_code
   keys      columns kept beside boundary, month and int_code
   sums      column to sum → its type
   icb_only  a condition under which a cell is of the ICB as a whole #}
{% macro sum_to_teams(relation, keys, sums, icb_only=none) -%}
select
    areas.boundary,
    cells.month,
    {% set team = area_code('cells.practice_code', 'practice_areas.int_code') -%}
    {% if icb_only -%}
    case when {{ icb_only }} then 'ICB_ONLY' else {{ team }} end as int_code,
    {% else -%}
    {{ team }} as int_code,
    {% endif -%}
    {% for key in keys -%}
    cells.{{ key }},
    {% endfor -%}
    {% for name, type in sums.items() -%}
    cast(sum(cells.{{ name }}) as {{ type }}) as {{ name }}{{ ',' if not loop.last }}
    {% endfor %}
from {{ relation }} as cells
inner join (
    select distinct
        boundary,
        month
    from {{ ref('area_months') }}
) as areas on cells.month = areas.month
left join {{ ref('practice_areas') }} as practice_areas
    on
        areas.boundary = practice_areas.boundary
        and cells.month = practice_areas.month
        and cells.practice_code = practice_areas.practice_code
group by all
{%- endmacro %}

{# A mart on one boundary: the columns of its own contract. #}
{% macro on_boundary(relation, boundary) -%}
select
    {% for name in model.columns -%}
    {{ name }}{{ ',' if not loop.last }}
    {% endfor %}
from {{ relation }}
where boundary = '{{ boundary }}'
{%- endmacro %}

{# Codes that stand where no team can; rates are null for them. #}
{% macro special_area_codes() -%}
    {{ return(['UNATTRIBUTED', 'OUT_OF_AREA', 'NO_INT', 'ICB_ONLY']) }}
{%- endmacro %}

{% macro is_special_area(int_code) -%}
    {{ int_code }} in ('{{ special_area_codes() | join("', '") }}')
{%- endmacro %}

{# How many successions in a row are followed: practices merge a few times in a decade, and a cycle in the feed must end. #}
{% macro succession_hops() -%}
    {{ return(4) }}
{%- endmacro %}
