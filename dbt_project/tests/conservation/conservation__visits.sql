{{ config(meta={
    'gate': 'block',
    'owner': 'ICB intelligence team',
    'relation': 'marts.visits_per_capita',
    'what_to_do': 'Records or pounds were lost or counted twice between the events and the mart. Never publish this; tell the data engineer.',
    'is_conservation': true,
}) }}

{{ conservation(
    'visits_per_capita', ['month', 'setting', 'visit_type'], ['visits', 'not_attended', 'status_unknown'],
    'select month, setting, visit_type, visits, not_attended, status_unknown from ' ~ ref('visit_cells')
    ~ ' where ' ~ covered('month', "case setting when 'outpatient_attendance' then 'outpatients' when 'community_contact' then 'community' when 'gp_appointment' then source "
        ~ "when 'same_day_emergency_care' then 'urgent_care' else case source when 'hes_ae' then 'urgent_care_legacy' else 'urgent_care' end end")
) }}
