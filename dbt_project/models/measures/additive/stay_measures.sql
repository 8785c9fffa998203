{% set home_alive = "is_emergency and not is_died" -%}
{% set home_65_plus_alive = home_alive ~ " and age_years >= 65" -%}
{% set to_usual_residence = " and discharge_destination = '19'" -%}
{% set to_care_home = " and admission_source = '19' and discharge_destination in ('54', '55', '56', '65', '85')" -%}
{{ additive_measures(
    events="(select * from " ~ ref('continuous_inpatient_spells') ~ " where discharge_date is not null)",
    measures={
        'emergency_stays': 'is_emergency',
        'emergency_stay_nights': {'sum': 'length_of_stay_days', 'where': 'is_emergency'},
        'no_criteria_to_reside_days_pct': {
            'sum': days_between('discharge_ready_date', 'discharge_date'),
            'where': 'discharge_ready_date between admission_date and discharge_date',
        },
        'emergency_stays_65_plus_alive': home_65_plus_alive,
        'discharged_to_usual_residence_65_plus_pct': home_65_plus_alive ~ to_usual_residence,
        'new_care_home_discharges_65_plus_pct': home_65_plus_alive ~ to_care_home,
        'emergency_stays_alive': home_alive,
        'discharged_to_usual_residence_pct': home_alive ~ to_usual_residence,
        'new_care_home_discharges_pct': home_alive ~ to_care_home,
        'deaths_in_hospital': "is_died and coalesce(discharge_method, '4') <> '5'",
    }
) }}
