{# Measures of GP appointments, the same for records and for published counts: both give status, staff_group, mode,
   category (lower case) and wait_days_at_most (0 same day, 14 within a fortnight, 999 longer, null unknown). #}
{% macro gp_appointment_measures() -%}
{% set categories = {
    'urgent': [
        'general consultation acute', 'clinical triage', 'triage', 'unplanned clinical activity',
        'unscheduled/unplanned clinical activity', 'walk-in',
    ],
    'home': ['home visit', 'care home visit', 'home visit and care home visit'],
    'care_home': [
        'care home visit', 'patient contact during care home round',
        'care home needs assessment & personalised care and support planning',
    ],
} -%}
{% set measures = {
    'gp_appointments_attended': "status = 'attended'",
    'gp_appointments_with_gp': "status = 'attended' and staff_group = 'gp'",
    'gp_appointments_with_other_staff': "status = 'attended' and staff_group = 'other_practice_staff'",
    'gp_appointments_face_to_face': "status = 'attended' and mode = 'face_to_face'",
    'gp_appointments_telephone': "status = 'attended' and mode = 'telephone'",
    'gp_appointments_video_online': "status = 'attended' and mode = 'video_online'",
    'gp_home_visits': "status = 'attended' and (mode = 'home_visit' or category in ('" ~ categories.home | join("', '") ~ "'))",
    'gp_appointments_known_wait': "status = 'attended' and wait_days_at_most is not null",
    'gp_same_day_pct': "status = 'attended' and wait_days_at_most = 0",
    'gp_within_14_days_pct': "status = 'attended' and wait_days_at_most <= 14",
    'gp_urgent_appointments': "status = 'attended' and category in ('" ~ categories.urgent | join("', '") ~ "')",
    'gp_care_home_contacts': "status = 'attended' and category in ('" ~ categories.care_home | join("', '") ~ "')",
    'gp_structured_medication_reviews': "status = 'attended' and category = 'structured medication review'",
    'gp_social_prescribing': "status = 'attended' and category = 'social prescribing service'",
    'gp_dna_pct': "status = 'did_not_attend'",
    'gp_appointments_known_status': "status in ('attended', 'did_not_attend')",
} -%}
{% do measures.update(visit_measures("status = 'attended'")) -%}
{{ return(measures) }}
{%- endmacro %}
