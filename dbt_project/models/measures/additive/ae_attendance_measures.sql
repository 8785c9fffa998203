{% set unplanned = "setting = 'ae_attendance' and is_unplanned" -%}
{% set acuity_1_2 = "acuity in ('1064891000000107', '1064911000000105')" -%}
{% set acuity_3_5 = "acuity in ('1064901000000108', '1077241000000103', '1077251000000100')" -%}
{% set measures = ae_attendance_measures() -%}
{% do measures.update({
    'ae_other_attendances': unplanned ~ " and not is_type_1",
    'sdec_attendances': "setting = 'same_day_emergency_care'",
    'all_visits': "setting = 'same_day_emergency_care' or is_unplanned",
    'ae_attendances_timed': unplanned ~ " and departure_minutes between 0 and 4320",
    'ae_4_hour_pct': unplanned ~ " and departure_minutes between 0 and 240",
    'ae_ambulance_arrivals': unplanned ~ " and is_ambulance_arrival",
    'ae_ambulance_arrivals_high_acuity': unplanned ~ " and is_ambulance_arrival and " ~ acuity_1_2,
    'ae_ambulance_arrivals_lower_acuity': unplanned ~ " and is_ambulance_arrival and " ~ acuity_3_5,
    'ae_attendances_from_care_homes': unplanned ~ " and age_years >= 65 and is_care_home_resident",
    'ae_left_before_treatment_pct': unplanned ~ " and is_left_before_treatment",
    'ae_low_acuity_pct': unplanned ~ " and is_low_acuity",
}) -%}

{{ additive_measures(
    events="(
        select
            *,
            is_from_care_home
            or coalesce(discharge_destination in ('306691003', '306694006'), false) as is_care_home_resident
        from " ~ ref('ae_attendances') ~ "
    )",
    measures=measures,
    flags={'mental_health': 'is_mental_health'}
) }}
