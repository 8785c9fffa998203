{{ additive_measures(
    events="(
        select
            event_month,
            practice_code,
            cast(null as varchar) as sex,
            cast(null as varchar) as age_band,
            cast(null as integer) as imd_quintile,
            submissions
        from " ~ ref('online_consultation_months') ~ "
    )",
    measures={'online_consultations': 'submissions is not null'},
    persons=false,
    weight='submissions'
) }}
