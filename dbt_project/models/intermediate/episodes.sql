-- One live episode with the key of its provider spell (definitions C3): the spell id within person and provider; without one, the
-- spell of the same person, provider and admission date. Nobody's record (null person) is never linked to another.
with identified as (
    select
        *,
        coalesce(susspellid, provspnops) as own_spell_id
    from {{ ref('stg_hes_apc__episodes') }}
),

joined as (
    select
        *,
        coalesce(
            own_spell_id, min(own_spell_id) over (partition by person_id, provider_code, admission_date)
        ) as spell_id
    from identified
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
    coalesce({{ imd_quintile('joined.imd_decile') }}, deprivation.imd_quintile) as imd_quintile,
    joined.main_specialty_code,
    joined.treatment_function_code,
    joined.primary_diagnosis,
    joined.diagnosis_codes,
    joined.primary_procedure,
    joined.procedure_codes,
    joined.hrg
from joined
left join {{ ref('stg_lsoa_deprivation__lsoas') }} as deprivation on joined.lsoa_code = deprivation.lsoa_code
