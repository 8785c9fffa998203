{% set unplanned = "setting = 'ae_attendance' and is_visit" -%}
{# people brought in dead wait for nothing (definitions E7) #}
{% set timed = unplanned ~ " and not is_brought_in_dead and departure_minutes between 0 and " -%}
{% set measures = ae_attendance_measures() -%}
{% do measures.update(visit_measures('is_visit')) -%}
{% do measures.update({
    'ae_other_attendances': unplanned ~ " and not is_type_1",
    'sdec_attendances': "setting = 'same_day_emergency_care'",
    'ae_attendances_timed': timed ~ "4320",
    'ae_4_hour_pct': timed ~ "240",
    'ae_ambulance_arrivals': unplanned ~ " and is_ambulance_arrival",
    'ae_ambulance_arrivals_high_acuity': unplanned ~ " and is_ambulance_arrival and is_high_acuity",
    'ae_ambulance_arrivals_lower_acuity': unplanned ~ " and is_ambulance_arrival and is_lower_acuity",
    'ae_attendances_from_care_homes': unplanned ~ " and age_years >= 65 and is_care_home_resident",
    'ae_left_before_treatment_pct': unplanned ~ " and is_left_before_treatment",
    'ae_low_acuity_pct': unplanned ~ " and is_low_acuity",
}) -%}

{{ additive_measures(
    events=ref('ae_attendances'),
    measures=measures,
    flags={'mental_health': 'is_mental_health'}
) }}
