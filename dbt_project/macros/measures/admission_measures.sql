{# Measures of emergency admissions that are rates of people's events: the same list gives the cells and the repeats per person. #}
{% macro emergency_admission_measures() -%}
{{ return({
    'emergency_admissions': "admission_type = 'emergency'",
    'emergency_admissions_los_0': "admission_type = 'emergency' and length_of_stay_group = '0'",
    'emergency_admissions_los_1_plus': "admission_type = 'emergency' and length_of_stay_group = '1_plus'",
    'emergency_admissions_65_plus': "admission_type = 'emergency' and age_years >= 65",
    'emergency_overnight_medical_75_plus': "is_overnight_medical_75_plus",
    'acs_chronic_admissions': "is_acs_chronic",
    'acs_19_admissions': "is_acs_19",
    'falls_admissions_65_plus': "is_fall and age_years >= 65",
    'self_harm_admissions': "is_self_harm",
    'alcohol_admissions': "is_alcohol_specific",
    'drug_admissions': "is_drug_misuse",
    'emergency_admissions_from_care_homes': "admission_type = 'emergency' and is_from_care_home and age_years >= 65",
}) }}
{%- endmacro %}

{# Cohorts that are a property of the admission itself. #}
{% macro admission_flags() -%}
{{ return({
    'hfrs_5_plus': "age_years >= 75 and hospital_frailty_risk_score >= 5",
    'hfrs_over_15': "age_years >= 75 and hospital_frailty_risk_score > 15",
    'mental_health': "is_mental_health",
    'no_fixed_abode': "has_no_fixed_abode",
}) }}
{%- endmacro %}

{% macro ae_attendance_measures() -%}
{{ return({
    'ae_attendances_unplanned': "setting = 'ae_attendance' and is_visit",
    'ae_type_1_attendances': "setting = 'ae_attendance' and is_visit and is_type_1",
}) }}
{%- endmacro %}
