-- Referrals per capita on both boundaries: dense over teams, months, sources and the specialties that the source names.
with cells as (
    select
        source,
        event_month as month,
        practice_code,
        specialty_code,
        count(*) as referrals
    from {{ ref('referral_events') }}
    -- stray rows of a month that is not covered are counted in removed_by_rule
    inner join {{ ref('feed_month_statuses') }} as delivered
        on event_month = delivered.month and delivered.status_group = case source when 'ers' then 'referrals_ers' else 'referrals_hes_op' end
    group by source, event_month, practice_code, specialty_code
),

specialties as (
    select
        source,
        specialty_code,
        coalesce(min(specialty_name), specialty_code) as specialty_name,
        case source when 'ers' then 'referrals_ers' else 'referrals_hes_op' end as status_group
    from {{ ref('referral_events') }}
    group by source, specialty_code
),

-- a referral's first action may lie before the first months, which then count later ones (definitions E3)
history as (
    select
        case delivered.status_group when 'referrals_ers' then 'ers' else 'hes_op_gp' end as source,
        delivered.month,
        delivered.status_group = 'referrals_hes_op'
        or delivered.months_behind >= needs.look_back_months
        or actions.is_listed as is_long_enough
    from {{ ref('feed_month_statuses') }} as delivered
    inner join {{ ref('measure_requirements') }} as needs on needs.measure_id = 'gp_referrals_ers'
    cross join (
        select count(*) > 0 as is_listed
        from {{ ref('ers_referral_actions') }}
    ) as actions
    where delivered.status_group in ('referrals_ers', 'referrals_hes_op')
),

figures as (
    {{ sum_to_teams('cells', ['source', 'specialty_code'], {'referrals': 'bigint'}) }}
),

frame as (
    select
        areas.boundary,
        areas.month,
        areas.int_code,
        specialties.source,
        specialties.specialty_code
    from {{ ref('area_months') }} as areas
    inner join {{ ref('feed_month_statuses') }} as delivered on areas.month = delivered.month
    inner join specialties on delivered.status_group = specialties.status_group
    where areas.is_team
    union
    select
        boundary,
        month,
        int_code,
        source,
        specialty_code
    from figures
)

select
    frame.boundary,
    frame.int_code,
    frame.month,
    frame.source,
    frame.specialty_code,
    specialties.specialty_name,
    coalesce(figures.referrals, 0) as referrals,
    areas.registered_population,
    case when history.is_long_enough then {{ crude_rate('coalesce(figures.referrals, 0)', 'areas.rate_population', 1000) }} end as referrals_per_1000,
    case when history.is_long_enough then {{ crude_rate_lower_95('coalesce(figures.referrals, 0)', 'areas.rate_population', 1000) }} end as referrals_per_1000_lower_95,
    case when history.is_long_enough then {{ crude_rate_upper_95('coalesce(figures.referrals, 0)', 'areas.rate_population', 1000) }} end as referrals_per_1000_upper_95,
    -- per head of a list of another month is not settled either
    case
        when not areas.has_own_lists then 'incomplete'
        else coalesce(statuses.period_status, 'incomplete')
    end as period_status,
    case
        when not history.is_long_enough then 'history_too_short'
        when areas.population_basis is null then 'not_delivered'
        when coalesce(areas.rate_population, 0) = 0 then 'no_population'
    end as null_reason
from frame
inner join {{ ref('area_months') }} as areas
    on frame.boundary = areas.boundary and frame.month = areas.month and frame.int_code = areas.int_code
inner join history on frame.source = history.source and frame.month = history.month
inner join specialties on frame.source = specialties.source and frame.specialty_code = specialties.specialty_code
left join figures
    on
        frame.boundary = figures.boundary
        and frame.month = figures.month
        and frame.int_code = figures.int_code
        and frame.source = figures.source
        and frame.specialty_code = figures.specialty_code
left join {{ ref('area_month_statuses') }} as statuses
    on
        frame.boundary = statuses.boundary
        and frame.month = statuses.month
        and frame.int_code = statuses.int_code
        and specialties.status_group = statuses.status_group
