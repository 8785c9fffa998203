{{ config(materialized='view') }}

-- The types that a team's month always shows, also when nothing happened; `unknown` appears only where there is one.
{% set types = [
    ('gp_appointment', 'gp', 'gp_appointments', true),
    ('gp_appointment', 'other_practice_staff', 'gp_appointments', true),
    ('gp_appointment', 'unknown', 'gp_appointments', false),
    ('gp_appointment', 'gp', 'gp_appointments_published', true),
    ('gp_appointment', 'other_practice_staff', 'gp_appointments_published', true),
    ('gp_appointment', 'unknown', 'gp_appointments_published', false),
    ('ae_attendance', 'type_1', 'urgent_care', true),
    ('ae_attendance', 'type_2', 'urgent_care', true),
    ('ae_attendance', 'type_3', 'urgent_care', true),
    ('ae_attendance', 'type_4', 'urgent_care', true),
    ('ae_attendance', 'unknown', 'urgent_care', false),
    ('ae_attendance', 'type_1', 'urgent_care_legacy', true),
    ('ae_attendance', 'type_2', 'urgent_care_legacy', true),
    ('ae_attendance', 'type_3', 'urgent_care_legacy', true),
    ('ae_attendance', 'type_4', 'urgent_care_legacy', true),
    ('ae_attendance', 'unknown', 'urgent_care_legacy', false),
    ('same_day_emergency_care', 'sdec', 'urgent_care', true),
    ('outpatient_attendance', 'first', 'outpatients', true),
    ('outpatient_attendance', 'follow_up', 'outpatients', true),
    ('outpatient_attendance', 'procedure', 'outpatients', true),
    ('outpatient_attendance', 'unknown', 'outpatients', false),
] -%}
{% for setting, visit_type, status_group, is_dense in types -%}
select
    '{{ setting }}' as setting,
    '{{ visit_type }}' as visit_type,
    '{{ status_group }}' as status_group,
    {{ is_dense }} as is_dense
{{ 'union all' if not loop.last }}
{% endfor %}
