{# The headline indicators of the catalogue and the columns in which they lie side by side: the value's unit in the name, the multiplier of
   the catalogue and no other. A test holds both against the catalogue (tests/indicators/test_catalogue.py). #}
{% macro headline_columns() -%}
{{ return({
    'all_visits': 'all_visits_per_1000',
    'gp_appointments_attended': 'gp_appointments_attended_per_1000',
    'ae_attendances_unplanned': 'ae_attendances_unplanned_per_1000',
    'op_attendances': 'op_attendances_per_1000',
    'gp_referrals_ers': 'gp_referrals_ers_per_1000',
    'spend_per_head': 'spend_per_head_gbp',
    'emergency_admissions': 'emergency_admissions_per_100000',
    'emergency_admissions_los_1_plus': 'emergency_admissions_los_1_plus_per_100000',
    'acs_chronic_admissions': 'acs_chronic_admissions_per_100000',
    'falls_admissions_65_plus': 'falls_admissions_65_plus_per_100000',
    'readmissions_30d': 'readmissions_30d_pct',
    'occupied_bed_days': 'occupied_bed_days_per_1000',
}) }}
{%- endmacro %}

{# One column that tells areas of every kind apart, for tools that join by one column alone. #}
{% macro area_key(area_type, area_code) -%}
concat({{ area_type }}, ':', {{ area_code }})
{%- endmacro %}
