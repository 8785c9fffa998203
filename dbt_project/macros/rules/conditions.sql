{# The conditions that admissions carry as flags; their codes and rules are rows of the seeds `code_lists` and `condition_rules`. #}
{% macro condition_ids() -%}
    {{ return([
        'acs_chronic_2_3_i', 'acs_19', 'fall_injury', 'self_harm', 'alcohol_specific', 'drug_misuse', 'mental_health', 'no_fixed_abode',
    ]) }}
{%- endmacro %}
