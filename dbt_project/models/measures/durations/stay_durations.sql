{{ duration_measures(
    events="(select * from " ~ ref('continuous_inpatient_spells') ~ " where discharge_date is not null)",
    durations={
        'emergency_stay_nights_distribution': {'value': 'length_of_stay_days', 'where': 'is_emergency'},
    }
) }}
