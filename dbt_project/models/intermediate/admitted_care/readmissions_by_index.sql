-- One index discharge, with the days to its readmission: an eligible emergency CIPS counts for the latest index-eligible discharge
-- before it, and an index counts its first such readmission only (definitions C4).
with with_previous_index as (
    select
        chain_key,
        cips_number,
        admission_date,
        is_readmission_eligible,
        max(case when is_index_eligible then cips_number end) over (
            partition by chain_key order by cips_number rows between unbounded preceding and 1 preceding
        ) as index_cips_number
    from {{ ref('continuous_inpatient_spells') }}
    where person_id is not null
),

readmissions as (
    select
        index_spells.cips_key,
        min({{ days_between('index_spells.discharge_date', 'with_previous_index.admission_date') }}) as days_to_readmission
    from with_previous_index
    inner join {{ ref('continuous_inpatient_spells') }} as index_spells
        on
            with_previous_index.chain_key = index_spells.chain_key
            and with_previous_index.index_cips_number = index_spells.cips_number
    where with_previous_index.is_readmission_eligible
    group by index_spells.cips_key
)

select
    index_spells.cips_key,
    index_spells.event_month as discharge_month,
    index_spells.event_month,
    index_spells.event_date,
    index_spells.discharge_date,
    index_spells.person_id,
    index_spells.practice_code,
    index_spells.provider_code,
    index_spells.sex,
    index_spells.age_years,
    index_spells.age_band,
    index_spells.imd_quintile,
    index_spells.length_of_stay_days,
    case when readmissions.days_to_readmission between 0 and 89 then readmissions.days_to_readmission end as days_to_readmission
from {{ ref('continuous_inpatient_spells') }} as index_spells
left join readmissions on index_spells.cips_key = readmissions.cips_key
where index_spells.is_index_eligible
