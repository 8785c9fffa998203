{# A procedure is a procedure whether the attendance was first or follow-up (definitions C7, section 19). #}
{% macro outpatient_visit_type(first_attendance, procedure_codes) -%}
    case
        when {{ procedure_codes }} is not null then 'procedure'
        when {{ first_attendance }} in ('1', '3') then 'first'
        when {{ first_attendance }} in ('2', '4') then 'follow_up'
        else 'unknown'
    end
{%- endmacro %}
