{{ person_period_measures(
    events=ref('ae_attendances'),
    measures=ae_attendance_measures(),
    flags={'mental_health': 'is_mental_health'}
) }}
