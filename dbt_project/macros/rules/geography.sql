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
