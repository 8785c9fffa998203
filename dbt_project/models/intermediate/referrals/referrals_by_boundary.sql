-- Referrals per capita on both boundaries: dense over teams, months, sources and the specialties that the source names.
with cells as (
    select
        source,
        event_month as month,
        practice_code,
        specialty_code,
        count(*) as referrals
    from {{ ref('referral_events') }}
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

figures as (
    select
        areas.boundary,
        cells.month,
        {{ area_code('cells.practice_code', 'practice_areas.int_code') }} as int_code,
        cells.source,
        cells.specialty_code,
        cast(sum(cells.referrals) as bigint) as referrals
    from cells
    inner join (
        select distinct
            boundary,
            month
        from {{ ref('area_months') }}
    ) as areas on cells.month = areas.month
    left join {{ ref('practice_areas') }} as practice_areas
        on
            areas.boundary = practice_areas.boundary
            and cells.month = practice_areas.month
            and cells.practice_code = practice_areas.practice_code
    group by
        areas.boundary,
        cells.month,
        {{ area_code('cells.practice_code', 'practice_areas.int_code') }},
        cells.source,
        cells.specialty_code
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
    {{ crude_rate('coalesce(figures.referrals, 0)', 'areas.rate_population', 1000) }} as referrals_per_1000,
    {{ crude_rate_lower_95('coalesce(figures.referrals, 0)', 'areas.rate_population', 1000) }} as referrals_per_1000_lower_95,
    {{ crude_rate_upper_95('coalesce(figures.referrals, 0)', 'areas.rate_population', 1000) }} as referrals_per_1000_upper_95,
    coalesce(statuses.period_status, 'incomplete') as period_status
from frame
inner join {{ ref('area_months') }} as areas
    on frame.boundary = areas.boundary and frame.month = areas.month and frame.int_code = areas.int_code
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
