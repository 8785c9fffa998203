{# Measures that count emergency spells of no night, and so move when same-day emergency care is recorded elsewhere (definitions E9): those
   of emergency admissions but the ones that ask for a night, of finished stays and readmissions, of the admissions before a death, NNHIP's
   spells, and same-day care itself. #}
{% macro zero_night_measures() -%}
    {% set measures = emergency_admission_measures().keys() | reject('in', ['emergency_admissions_los_1_plus', 'emergency_overnight_medical_75_plus']) | list -%}
    {{ return(measures + [
        'readmissions_30d', 'readmissions_60d', 'readmissions_90d', 'emergency_stay_nights', 'emergency_stay_nights_distribution',
        'discharged_to_usual_residence_65_plus_pct', 'new_care_home_discharges_65_plus_pct',
        'discharged_to_usual_residence_pct', 'new_care_home_discharges_pct', 'end_of_life_3_plus_admissions_pct',
        'nnhip_non_elective_spells', 'sdec_attendances',
    ]) }}
{%- endmacro %}
