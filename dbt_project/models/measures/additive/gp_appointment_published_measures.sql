-- Published counts stand in months without records; those of a sub-ICB location belong to the ICB and to no team.
{{ additive_measures(
    events="(
        select
            event_month,
            case when publication_level = 'sub_icb' then 'ICB_ONLY' else practice_code end as practice_code,
            cast(null as varchar) as sex,
            cast(null as varchar) as age_band,
            cast(null as integer) as imd_quintile,
            status,
            staff_group,
            mode,
            lower(national_category) as category,
            case regexp_replace(lower(booking_band), '\\s+', ' ', 'g')
                when 'same day' then 0
                when '1 day' then 14
                when '2 to 7 days' then 14
                when '8 to 14 days' then 14
                when '15 to 21 days' then 999
                when '22 to 28 days' then 999
                when 'more than 28 days' then 999
            end as wait_days_at_most,
            appointments
        from " ~ ref('gp_appointment_published_cells') ~ "
    )",
    measures=gp_appointment_measures(),
    persons=false,
    weight='appointments'
) }}
