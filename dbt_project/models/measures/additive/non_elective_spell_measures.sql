-- The planning and NNHIP definition (definitions C2, section 14): emergency and other non-elective methods, specific acute treatment
-- function on the last episode, no private patients, no births, counted in the month the spell ended.
{{ additive_measures(
    events="(
        select
            " ~ month_start('spells.discharge_date') ~ " as event_month,
            spells.discharge_date as event_date,
            spells.person_id,
            spells.last_practice_code as practice_code,
            spells.sex,
            spells.last_age_band as age_band,
            spells.imd_quintile
        from " ~ ref('spells') ~ " as spells
        inner join " ~ ref('admission_methods') ~ " as methods
            on spells.admission_method = methods.code and methods.admission_type <> 'elective'
        left join " ~ ref('planning_excluded_treatment_functions') ~ " as excluded
            on spells.last_treatment_function_code = excluded.treatment_function_code
        where
            spells.discharge_date is not null
            and spells.last_treatment_function_code is not null
            and excluded.treatment_function_code is null
            and coalesce(spells.administrative_category, '01') <> '02'
    )",
    measures={'nnhip_non_elective_spells': 'true'}
) }}
