{% set measures = emergency_admission_measures() -%}
{% do measures.update({
    'spell_bed_days': {'sum': 'spell_bed_days', 'where': "admission_type = 'emergency'"},
    'acs_chronic_bed_days': {'sum': 'spell_bed_days', 'where': 'is_acs_chronic'},
}) -%}

{{ additive_measures(
    events=ref('admissions'),
    measures=measures,
    flags=admission_flags()
) }}
