-- One continuous inpatient spell (CIPS): stays joined by transfer or overlap; it ends when the last of them ends.
with numbered as (
    select
        stays.*,
        row_number() over (
            partition by stays.chain_key, stays.cips_number order by stays.stay_number
        ) as order_from_first,
        row_number() over (
            partition by stays.chain_key, stays.cips_number order by stays.end_rank desc
        ) as order_from_last
    from {{ ref('stays') }} as stays
),

cancer_episodes as (
    select
        episodes.person_id,
        episodes.spell_key,
        episodes.episode_start_date
    from {{ ref('episode_code_lists') }} as lists
    inner join {{ ref('episodes') }} as episodes on lists.epikey = episodes.epikey
    where lists.list_id = 'cancer_or_chemotherapy'
),

cancer_spells as (
    select distinct spell_key
    from cancer_episodes
),

summaries as (
    select
        numbered.chain_key,
        numbered.cips_number,
        min(numbered.admission_date) as admission_date,
        case when count(*) = count(numbered.discharge_date) then max(numbered.discharge_date) end as discharge_date,
        count(*) as spells,
        max(case when spells.has_maternity then 1 else 0 end) = 1 as has_maternity,
        max(case when spells.has_obstetrics then 1 else 0 end) = 1 as has_obstetrics,
        max(case when spells.has_mental_health_specialty then 1 else 0 end) = 1 as has_mental_health_specialty,
        max(case when cancer_spells.spell_key is not null then 1 else 0 end) = 1 as has_cancer
    from numbered
    inner join {{ ref('spells') }} as spells on numbered.spell_key = spells.spell_key
    left join cancer_spells on numbered.spell_key = cancer_spells.spell_key
    group by numbered.chain_key, numbered.cips_number
),

cancer_before as (
    select distinct
        summaries.chain_key,
        summaries.cips_number
    from summaries
    inner join cancer_episodes
        on
            summaries.chain_key = cancer_episodes.person_id
            and cancer_episodes.episode_start_date >= {{ add_days('summaries.admission_date', -365) }}
            and cancer_episodes.episode_start_date < summaries.admission_date
),

joined as (
    select
        summaries.*,
        first_spells.person_id,
        first_spells.spell_key as first_spell_key,
        last_spells.spell_key as last_spell_key,
        last_spells.provider_code,
        last_spells.last_practice_code as practice_code,
        last_spells.sex,
        last_spells.last_age_years as age_years,
        last_spells.last_age_band as age_band,
        last_spells.imd_quintile,
        last_spells.ethnic_group,
        first_spells.admission_method,
        first_spells.admission_source,
        first_spells.first_episode_type,
        first_spells.first_primary_diagnosis,
        last_spells.discharge_method,
        last_spells.discharge_destination,
        last_spells.discharge_ready_date,
        last_spells.last_main_specialty_code,
        last_spells.last_treatment_function_code,
        coalesce(methods.admission_type = 'emergency', false)
        and coalesce(first_spells.first_episode_type, '1') not in ('3', '6') as is_emergency,
        summaries.has_cancer or cancer_before.chain_key is not null as has_cancer_in_year,
        coalesce(last_spells.discharge_method in ('4', '5'), false)
        or coalesce(last_spells.discharge_destination = '79', false) as is_died
    from summaries
    inner join numbered as first_stays
        on
            summaries.chain_key = first_stays.chain_key
            and summaries.cips_number = first_stays.cips_number
            and first_stays.order_from_first = 1
    inner join numbered as last_stays
        on
            summaries.chain_key = last_stays.chain_key
            and summaries.cips_number = last_stays.cips_number
            and last_stays.order_from_last = 1
    inner join {{ ref('spells') }} as first_spells on first_stays.spell_key = first_spells.spell_key
    inner join {{ ref('spells') }} as last_spells on last_stays.spell_key = last_spells.spell_key
    left join {{ ref('admission_methods') }} as methods on first_spells.admission_method = methods.code
    left join cancer_before
        on summaries.chain_key = cancer_before.chain_key and summaries.cips_number = cancer_before.cips_number
)

select
    first_spell_key as cips_key,
    {{ month_start('discharge_date') }} as event_month,
    discharge_date as event_date,
    person_id,
    chain_key,
    cips_number,
    practice_code,
    provider_code,
    sex,
    age_years,
    age_band,
    imd_quintile,
    ethnic_group,
    admission_date,
    discharge_date,
    {{ days_between('admission_date', 'discharge_date') }} as length_of_stay_days,
    spells,
    admission_method,
    admission_source,
    first_episode_type,
    first_primary_diagnosis,
    discharge_method,
    discharge_destination,
    discharge_ready_date,
    last_main_specialty_code,
    last_treatment_function_code,
    is_emergency,
    is_died,
    has_cancer_in_year,
    discharge_date is not null
    and not is_died
    and not has_cancer_in_year
    and not has_maternity
    and not has_mental_health_specialty as is_index_eligible,
    is_emergency and not has_obstetrics and not has_cancer as is_readmission_eligible
from joined
