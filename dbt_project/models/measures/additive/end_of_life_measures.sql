-- Deaths, with the hospital use that led up to them (definitions section 21). A null person is nobody, so such a death has no history.
{{ additive_measures(
    events="(
        with deaths as (
            select
                *,
                row_number() over (
                    order by event_date, person_id nulls last, practice_code nulls last, sex, age_years nulls last
                ) as death_number
            from " ~ ref('death_events') ~ "
        ),

        admissions_before as (
            select
                deaths.death_number,
                count(*) as emergency_admissions
            from deaths
            inner join " ~ ref('admissions') ~ " as admissions
                on
                    deaths.person_id = admissions.person_id
                    and admissions.admission_type = 'emergency'
                    and admissions.event_date between deaths.event_date - 90 and deaths.event_date
            group by deaths.death_number
        ),

        stays_before as (
            select
                deaths.death_number,
                sum(greatest(0, date_diff(
                    'day',
                    greatest(stays.admission_date, deaths.event_date - 100),
                    least(coalesce(stays.discharge_date, deaths.event_date), deaths.event_date)
                ))) as nights,
                bool_or(
                    deaths.event_date between stays.admission_date and coalesce(stays.discharge_date, deaths.event_date)
                    and (stays.discharge_date is null or stays.is_died)
                ) as is_in_hospital
            from deaths
            inner join " ~ ref('continuous_inpatient_spells') ~ " as stays
                on
                    deaths.person_id = stays.person_id
                    and stays.admission_date <= deaths.event_date
                    and coalesce(stays.discharge_date, deaths.event_date) >= deaths.event_date - 100
            group by deaths.death_number
        )

        select
            deaths.* exclude (death_number),
            cast(null as integer) as imd_quintile,
            coalesce(admissions_before.emergency_admissions, 0) as emergency_admissions,
            coalesce(stays_before.nights, 0) as nights,
            coalesce(stays_before.is_in_hospital, false) as is_in_hospital
        from deaths
        left join admissions_before on deaths.death_number = admissions_before.death_number
        left join stays_before on deaths.death_number = stays_before.death_number
    )",
    measures={
        'deaths': 'true',
        'deaths_with_known_place': 'place_of_death is not null',
        'deaths_at_home_or_care_home_pct': "place_of_death in ('home', 'care_home')",
        'deaths_in_hospital_pct': 'is_in_hospital',
        'end_of_life_3_plus_admissions_pct': 'emergency_admissions >= 3',
        'hospital_days_last_100': {'sum': 'nights'},
    }
) }}
