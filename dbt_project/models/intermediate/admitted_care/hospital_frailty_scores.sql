-- Hospital frailty risk score (Gilbert 2018) of emergency admissions at 75 and over: the weights of the distinct three-character
-- codes in this and the earlier emergency admissions of two years. Whether two years are known is asked where a figure is stated (the
-- cohorts' `months_of_history`).
with emergency_spells as (
    select
        spells.spell_key,
        spells.person_id,
        spells.admission_date
    from {{ ref('spells') }} as spells
    inner join {{ ref('admission_methods') }} as methods
        on spells.admission_method = methods.code and methods.admission_type = 'emergency'
    where spells.person_id is not null
),

scored_people as (
    select distinct emergency_spells.person_id
    from emergency_spells
    inner join {{ ref('episodes') }} as episodes on emergency_spells.spell_key = episodes.spell_key
    where episodes.age_years >= 75
),

exploded as (
    select
        emergency_spells.person_id,
        emergency_spells.admission_date,
        {{ unnest_codes('episodes.diagnosis_codes') }} as code
    from emergency_spells
    inner join scored_people on emergency_spells.person_id = scored_people.person_id
    inner join {{ ref('episodes') }} as episodes on emergency_spells.spell_key = episodes.spell_key
    where episodes.diagnosis_codes is not null
),

weighted as (
    select distinct
        exploded.person_id,
        exploded.admission_date,
        weights.code,
        weights.weight_tenths
    from exploded
    inner join {{ ref('hospital_frailty_weights') }} as weights on left(exploded.code, 3) = weights.code
),

scored as (
    select
        episodes.epikey,
        episodes.person_id,
        episodes.admission_date
    from emergency_spells
    inner join {{ ref('episodes') }} as episodes on emergency_spells.spell_key = episodes.spell_key
    where
        episodes.age_years >= 75
        and episodes.episode_order = 1
),

codes_of_scored as (
    select distinct
        scored.epikey,
        weighted.code,
        weighted.weight_tenths
    from scored
    inner join weighted
        on
            scored.person_id = weighted.person_id
            and weighted.admission_date <= scored.admission_date
            and weighted.admission_date >= {{ add_months('scored.admission_date', -24) }}
)

select
    scored.epikey,
    cast(coalesce(sum(codes_of_scored.weight_tenths), 0) / 10.0 as decimal(6, 1)) as hospital_frailty_risk_score
from scored
left join codes_of_scored on scored.epikey = codes_of_scored.epikey
group by scored.epikey
