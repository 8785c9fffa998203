{{ additive_measures(
    events="(select *, event_month as event_date from " ~ ref('bed_nights') ~ ")",
    measures={
        'occupied_bed_days': {'sum': 'nights'},
        'occupied_beds': {'sum': 'nights'},
        'emergency_bed_days_65_plus': {'sum': 'nights', 'where': 'is_emergency and age_years >= 65'},
    },
    dated=false
) }}
