{% set measures = {
    'op_attendances': "is_attended",
    'op_first_attendances': "is_attended and visit_type = 'first'",
    'op_follow_up_attendances': "is_attended and visit_type = 'follow_up'",
    'op_procedures': "is_attended and visit_type = 'procedure'",
    'op_tele_pct': "is_attended and is_tele",
    'op_dna_pct': "is_did_not_attend",
    'op_appointments_known_status': "is_attended or is_did_not_attend",
} -%}
{% do measures.update(visit_measures('is_attended')) -%}

{{ additive_measures(
    events=ref('outpatient_appointments'),
    measures=measures
) }}
