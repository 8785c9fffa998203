-- NHS England divides by the patients it prints beside each practice, so its rates come out here to the last digit.
{{ additive_measures(
    events="(
        select
            event_month,
            practice_code,
            cast(null as varchar) as sex,
            cast(null as varchar) as age_band,
            cast(null as integer) as imd_quintile,
            registered_patients
        from " ~ ref('online_consultation_months') ~ "
    )",
    measures={'online_consultation_population': 'registered_patients is not null'},
    persons=false,
    weight='registered_patients'
) }}
