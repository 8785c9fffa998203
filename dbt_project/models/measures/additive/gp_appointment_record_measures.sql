{{ additive_measures(
    events="(
        select
            *,
            lower(national_category) as category,
            case when days_booked_ahead <= 0 then 0 when days_booked_ahead <= 14 then 14 when days_booked_ahead > 14 then 999 end as wait_days_at_most
        from " ~ ref('gp_appointment_events') ~ "
    )",
    measures=gp_appointment_measures()
) }}
