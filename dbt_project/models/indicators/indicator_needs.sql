-- What each indicator and cohort needs to be known: a requirement is met by any of its status groups, and all requirements must be met.
-- Each row asks one thing of one requirement: that it covers the month (property ''), that its records say a property, how many months
-- it looks back on or how many days it waits. Feeds and follow-up are declared in the catalogue, what is asked of a record and how far is
-- looked back in measure_requirements, a cohort's own property in the cohort. `is_placement`: what only leaves the figure incomplete.
with

own as (
    select
        *,
        unnest(string_split(status_groups, ';')) as requirement
    from {{ ref('indicator_cohorts') }}
),

asked_of_measures as (
    select
        own.indicator_cohort_key,
        coalesce(asked.status_groups, own.requirement) as requirement,
        unnest(string_split(coalesce(asked.asks, ''), ';')) as property,
        -- with a list of the actions that make a referral, an earlier action of another kind dates nothing
        case when asked.status_groups = 'referrals_ers' and actions.is_listed then 0 else asked.look_back_months end as look_back_months,
        own.maturity_lag_days as follow_up_days
    from own
    inner join {{ ref('measure_requirements') }} as asked
        on asked.measure_id in (own.numerator_measure_id, own.denominator_measure_id)
    cross join (
        select count(*) > 0 as is_listed
        from {{ ref('ers_referral_actions') }}
    ) as actions
),

asked_of_cohorts as (
    select
        indicator_cohort_key,
        requirement,
        case cohort_kind
            when 'imd_quintile' then 'small_area'
            when 'person_list' then 'person'
            when 'event_flag' then cohort_id
            else cohort_kind
        end as property,
        coalesce(months_of_history, 0) as look_back_months,
        0 as follow_up_days
    from own
    where cohort_kind <> 'all'
    union
    select
        indicator_cohort_key,
        requirement,
        'person' as property,
        0 as look_back_months,
        0 as follow_up_days
    from own
    where measure_kind = 'person_period'
),

populations as (
    select
        *,
        'population' as requirement
    from {{ ref('indicator_cohorts') }}
    where denominator_measure_id like 'registered_population%'
),

standardised as (
    select
        sides.indicator_cohort_key,
        sides.requirement,
        unnest(case sides.standardisation when 'indirect_icb' then ['age', 'sex'] else ['age'] end) as property
    from (
        select
            indicator_cohort_key,
            requirement,
            standardisation
        from own
        union all
        select
            indicator_cohort_key,
            requirement,
            standardisation
        from populations
    ) as sides
    where sides.standardisation <> 'none'
),

needs as (
    select
        indicator_cohort_key,
        requirement,
        '' as property,
        0 as look_back_months,
        maturity_lag_days as follow_up_days,
        false as is_standardisation
    from own
    union all
    select
        indicator_cohort_key,
        'population' as requirement,
        case cohort_kind when 'imd_quintile' then 'small_area' when 'age' then 'age' when 'sex' then 'sex' else '' end as property,
        0 as look_back_months,
        0 as follow_up_days,
        false as is_standardisation
    from populations
    union all
    select
        asked.*,
        false as is_standardisation
    from (
        select * from asked_of_measures
        union all
        select * from asked_of_cohorts
    ) as asked
    union all
    select
        indicator_cohort_key,
        requirement,
        property,
        0 as look_back_months,
        0 as follow_up_days,
        true as is_standardisation
    from standardised
),

-- members of a list are placed by their events of any kind, and have the age that these say: without one of these feeds some stand elsewhere
placed as (
    select
        populations.indicator_cohort_key,
        feeds.requirement,
        unnest(case
            when populations.standardisation <> 'none' or asked.measure_id is not null then ['person', 'age']
            else ['person']
        end) as property
    from populations
    cross join (
        values ('gp_appointments'), ('urgent_care|urgent_care_legacy'), ('outpatients'), ('admissions')
    ) as feeds (requirement)
    left join {{ ref('measure_requirements') }} as asked
        on populations.denominator_measure_id = asked.measure_id and asked.status_groups = 'population' and asked.asks = 'age'
    where populations.cohort_kind = 'person_list'
)

select
    indicator_cohort_key,
    requirement,
    property,
    is_standardisation,
    max(look_back_months) as look_back_months,
    max(follow_up_days) as follow_up_days,
    false as is_placement
from needs
group by indicator_cohort_key, requirement, property, is_standardisation
union all
select
    indicator_cohort_key,
    requirement,
    property,
    false as is_standardisation,
    0 as look_back_months,
    0 as follow_up_days,
    true as is_placement
from placed
