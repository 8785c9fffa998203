{{ additive_measures(
    events="(select *, event_month as event_date from " ~ ref('bed_nights') ~ ")",
    measures={'occupied_bed_days': {'sum': 'nights'}},
    dated=false
) }}
