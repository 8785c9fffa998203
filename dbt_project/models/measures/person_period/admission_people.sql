{{ person_period_measures(
    events=ref('admissions'),
    measures=emergency_admission_measures(),
    flags=admission_flags()
) }}
