-- One non-elective admission: the first finished episode of a provider spell (definitions C2), with what is known of its stay.
with methods as (
    select
        code,
        admission_type
    from {{ ref('admission_methods') }}
    where admission_type <> 'elective'
),

first_finished as (
    select
        episodes.*,
        row_number() over (
            partition by episodes.spell_key
            order by episodes.episode_start_date nulls last, episodes.episode_end_date nulls last, episodes.epikey
        ) as order_in_spell
    from {{ ref('episodes') }} as episodes
    where
        episodes.episode_order = 1
        and episodes.episode_status = '3'
        and episodes.patient_classification in ('1', '2', '5')
),

admissions as (
    select
        first_finished.*,
        -- a birth is an admission, but nobody's emergency, also when the code says born at home (2C)
        case
            when methods.admission_type = 'emergency' and first_finished.episode_type in ('3', '6') then 'non_emergency'
            else methods.admission_type
        end as admission_type
    from first_finished
    inner join methods on first_finished.admission_method = methods.code
    where first_finished.order_in_spell = 1
),

conditions as (
    select
        {% for condition in condition_ids() -%}
        max(case when condition_id = '{{ condition }}' then 1 else 0 end) as {{ condition }},
        {% endfor -%}
        epikey
    from {{ ref('episode_conditions') }}
    group by epikey
)

select
    {{ month_start('spells.admission_date') }} as event_month,
    spells.admission_date as event_date,
    admissions.epikey,
    admissions.spell_key,
    admissions.person_id,
    admissions.practice_code,
    admissions.provider_code,
    admissions.site_code,
    admissions.sex,
    admissions.age_years,
    admissions.age_band,
    {{ age_group('admissions.age_years') }} as age_group,
    admissions.imd_quintile,
    admissions.ethnic_group,
    admissions.admission_type,
    admissions.admission_method,
    admissions.admission_source,
    admissions.patient_classification,
    admissions.main_specialty_code,
    admissions.treatment_function_code,
    admissions.primary_diagnosis,
    spells.discharge_date,
    spells.discharge_method,
    spells.discharge_destination,
    spells.discharge_ready_date,
    spells.length_of_stay_days,
    case
        when spells.discharge_date is null then 'not_discharged'
        when spells.length_of_stay_days = 0 then '0'
        else '1_plus'
    end as length_of_stay_group,
    coalesce(spells.length_of_stay_days, 0) as spell_bed_days,
    -- the published chronic ACS indicator keeps to ordinary general episodes of known sex that did not come from another hospital
    coalesce(conditions.acs_chronic_2_3_i, 0) = 1
    and admissions.admission_type = 'emergency'
    and admissions.episode_type = '1'
    and admissions.patient_classification = '1'
    and admissions.sex in ('male', 'female')
    and coalesce(admissions.admission_source, '99') not in ('51', '52', '53') as is_acs_chronic,
    coalesce(conditions.acs_19, 0) = 1 and admissions.admission_type = 'emergency' as is_acs_19,
    coalesce(conditions.fall_injury, 0) = 1 and admissions.admission_type = 'emergency' as is_fall,
    coalesce(conditions.self_harm, 0) = 1 and admissions.admission_type = 'emergency' as is_self_harm,
    coalesce(conditions.alcohol_specific, 0) = 1 and admissions.admission_type = 'emergency' as is_alcohol_specific,
    coalesce(conditions.drug_misuse, 0) = 1 and admissions.admission_type = 'emergency' as is_drug_misuse,
    coalesce(conditions.mental_health, 0) = 1 or coalesce(conditions.self_harm, 0) = 1 as is_mental_health,
    coalesce(conditions.no_fixed_abode, 0) = 1 as has_no_fixed_abode,
    coalesce(admissions.admission_source in ('54', '55', '56', '65'), false) as is_from_care_home,
    coalesce(
        admissions.admission_type = 'emergency'
        and spells.length_of_stay_days >= 1
        and admissions.age_years >= 75
        and medical.treatment_function_code is not null,
        false
    ) as is_overnight_medical_75_plus,
    frailty.hospital_frailty_risk_score
from admissions
inner join {{ ref('spells') }} as spells on admissions.spell_key = spells.spell_key
left join conditions on admissions.epikey = conditions.epikey
left join {{ ref('treatment_function_groups') }} as medical
    on medical.group_id = 'medical' and admissions.treatment_function_code = medical.treatment_function_code
left join {{ ref('hospital_frailty_scores') }} as frailty on admissions.epikey = frailty.epikey
