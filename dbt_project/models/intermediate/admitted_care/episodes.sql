-- One live episode with the key of its provider spell (definitions C3, E5): within person and provider, what hangs together by SUSSPELLID
-- or PROVSPNOPS (`spell_id_links`); without either, the spell of the same admission date. Nobody's record (null person) is never linked.
with identified as (
    select
        episodes.*,
        coalesce(links.spell_id, 'P' || episodes.provspnops, 'S' || episodes.susspellid) as own_spell_id
    from {{ ref('stg_hes_apc__episodes') }} as episodes
    left join {{ ref('spell_id_links') }} as links
        on
            episodes.person_id = links.person_id
            and episodes.provider_code = links.provider_code
            and coalesce(episodes.susspellid, '') = coalesce(links.susspellid, '')
            and coalesce(episodes.provspnops, '') = coalesce(links.provspnops, '')
    where episodes.admission_date is not null
),

-- the spell id that an episode without one takes from its day: that of the first episode in order that has one
days_without_id as (
    select distinct
        person_id,
        provider_code,
        admission_date
    from identified
    where own_spell_id is null and person_id is not null
),

ranked_days as (
    select
        identified.person_id,
        identified.provider_code,
        identified.admission_date,
        identified.own_spell_id as spell_id,
        row_number() over (
            partition by identified.person_id, identified.provider_code, identified.admission_date
            order by
                identified.episode_start_date nulls last, identified.episode_order nulls last,
                identified.episode_end_date nulls last, identified.epikey
        ) as order_in_day
    from identified
    inner join days_without_id
        on
            identified.person_id = days_without_id.person_id
            and identified.provider_code = days_without_id.provider_code
            and identified.admission_date = days_without_id.admission_date
    where identified.own_spell_id is not null
),

joined as (
    select
        identified.*,
        coalesce(identified.own_spell_id, ranked_days.spell_id) as spell_id
    from identified
    left join ranked_days
        on
            case when identified.own_spell_id is null then identified.person_id end = ranked_days.person_id
            and identified.provider_code = ranked_days.provider_code
            and identified.admission_date = ranked_days.admission_date
            and ranked_days.order_in_day = 1
)

select
    joined.epikey,
    case
        when joined.person_id is null then {{ hash_key(["'nobody'", 'joined.epikey']) }}
        when joined.spell_id is not null then {{ hash_key(["'id'", 'joined.person_id', 'joined.provider_code', 'joined.spell_id']) }}
        else {{ hash_key(["'date'", 'joined.person_id', 'joined.provider_code', 'joined.admission_date']) }}
    end as spell_key,
    joined.person_id,
    joined.provider_code,
    joined.site_code,
    joined.admission_date,
    joined.admission_method,
    joined.admission_source,
    joined.administrative_category,
    joined.patient_classification,
    joined.episode_start_date,
    joined.episode_end_date,
    joined.episode_order,
    joined.episode_status,
    joined.episode_type,
    joined.discharge_date,
    joined.discharge_method,
    joined.discharge_destination,
    joined.discharge_ready_date,
    joined.spell_end,
    joined.age_years,
    joined.age_band,
    joined.sex,
    joined.ethnic_group,
    joined.practice_code,
    deprivation.imd_quintile,
    joined.main_specialty_code,
    joined.treatment_function_code,
    joined.primary_diagnosis,
    joined.diagnosis_codes,
    joined.primary_procedure,
    joined.procedure_codes,
    joined.hrg
from joined
left join {{ ref('lsoa_fifths') }} as deprivation on joined.lsoa_code = deprivation.lsoa_code
