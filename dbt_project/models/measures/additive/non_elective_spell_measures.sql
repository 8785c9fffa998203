-- The planning and NNHIP definition (definitions C2, section 14), which `spells` knows, counted in the month the spell ended.
{{ additive_measures(
    events="(
        select
            " ~ month_start('discharge_date') ~ " as event_month,
            discharge_date as event_date,
            person_id,
            last_practice_code as practice_code,
            sex,
            last_age_band as age_band,
            imd_quintile
        from " ~ ref('spells') ~ "
        where discharge_date is not null and is_planning_non_elective
    )",
    measures={'nnhip_non_elective_spells': 'true'}
) }}
