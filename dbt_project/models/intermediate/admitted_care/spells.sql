-- One provider spell: its episodes ordered by start, order, end and key (definitions C3). A spell without a discharge whose newest episode
-- is finished and ended more than 60 days before the data cut ended there: the rule `discharge_inferred` (definitions E5).
{% set inferred_after_days = 60 -%}
with ordered as (
    select
        *,
        row_number() over (
            partition by spell_key
            order by episode_start_date nulls last, episode_order nulls last, episode_end_date nulls last, epikey
        ) as episode_number
    from {{ ref('episodes') }}
),

summaries as (
    select
        spell_key,
        count(*) as episodes,
        -- the discharge stands on the last episode; where several carry one, the latest day says, then the latest episode
        mod(max(case
            when discharge_date is not null
                then {{ days_between("cast('1800-01-01' as date)", 'discharge_date') }} * cast(100000 as bigint) + episode_number
        end), 100000) as discharge_episode_number,
        max(case when episode_type in ('2', '3', '5', '6') or main_specialty_code in ('501', '560', '610') then 1 else 0 end) as has_maternity,
        max(case when main_specialty_code = '501' then 1 else 0 end) as has_obstetrics,
        max(case when main_specialty_code between '700' and '727' then 1 else 0 end) as has_mental_health_specialty
    from ordered
    group by spell_key
),

endings as (
    select
        episodes.spell_key,
        coalesce(episodes.discharge_date, episodes.episode_end_date) as discharge_date,
        episodes.discharge_date is null as is_discharge_inferred,
        episodes.discharge_method,
        episodes.discharge_destination,
        episodes.discharge_ready_date
    from summaries
    inner join ordered as episodes
        on
            summaries.spell_key = episodes.spell_key
            and coalesce(summaries.discharge_episode_number, summaries.episodes) = episodes.episode_number
    cross join {{ ref('stg_plan__build') }} as build
    where
        episodes.discharge_date is not null
        or (
            episodes.episode_status = '3'
            and episodes.episode_end_date >= episodes.admission_date
            and episodes.episode_end_date < {{ add_days('build.data_cut', -inferred_after_days) }}
        )
)

select
    first_episodes.spell_key,
    first_episodes.person_id,
    first_episodes.provider_code,
    first_episodes.site_code,
    first_episodes.admission_date,
    endings.discharge_date,
    coalesce(endings.is_discharge_inferred, false) as is_discharge_inferred,
    first_episodes.admission_method,
    first_episodes.admission_source,
    first_episodes.administrative_category,
    first_episodes.patient_classification,
    endings.discharge_method,
    endings.discharge_destination,
    endings.discharge_ready_date,
    {{ days_between('first_episodes.admission_date', 'endings.discharge_date') }} as length_of_stay_days,
    -- the planning (NNHIP) definition: any non-elective method, a specific acute function on the last episode, not private
    coalesce(
        methods.admission_type in ('emergency', 'non_emergency', 'transfer')
        and first_episodes.patient_classification in ('1', '2', '5')
        and last_episodes.treatment_function_code is not null
        and excluded_functions.treatment_function_code is null
        and coalesce(first_episodes.administrative_category, '99') <> '02',
        false
    ) as is_planning_non_elective,
    summaries.episodes,
    summaries.has_maternity = 1 as has_maternity,
    summaries.has_obstetrics = 1 as has_obstetrics,
    summaries.has_mental_health_specialty = 1 as has_mental_health_specialty,
    first_episodes.sex,
    first_episodes.age_years,
    first_episodes.age_band,
    first_episodes.ethnic_group,
    first_episodes.imd_quintile,
    first_episodes.epikey as first_epikey,
    first_episodes.practice_code as first_practice_code,
    first_episodes.episode_type as first_episode_type,
    first_episodes.main_specialty_code as first_main_specialty_code,
    first_episodes.treatment_function_code as first_treatment_function_code,
    first_episodes.primary_diagnosis as first_primary_diagnosis,
    last_episodes.epikey as last_epikey,
    last_episodes.practice_code as last_practice_code,
    last_episodes.age_years as last_age_years,
    last_episodes.age_band as last_age_band,
    last_episodes.main_specialty_code as last_main_specialty_code,
    last_episodes.treatment_function_code as last_treatment_function_code
from summaries
inner join ordered as first_episodes
    on summaries.spell_key = first_episodes.spell_key and first_episodes.episode_number = 1
inner join ordered as last_episodes
    on summaries.spell_key = last_episodes.spell_key and summaries.episodes = last_episodes.episode_number
left join endings on summaries.spell_key = endings.spell_key
left join {{ ref('admission_methods') }} as methods on first_episodes.admission_method = methods.code
left join {{ ref('planning_excluded_treatment_functions') }} as excluded_functions
    on last_episodes.treatment_function_code = excluded_functions.treatment_function_code
