-- Spend per head on both boundaries: pounds are decimals from end to end, so every total is exact to the penny.
with cells as (
    select
        month,
        practice_code,
        point_of_delivery,
        cost_basis,
        sum(activity) as activity,
        sum(activity_priced) as activity_priced,
        sum(spend_gbp) as spend_gbp
    from {{ ref('spend_lines') }}
    group by month, practice_code, point_of_delivery, cost_basis
),

figures as (
    {{ sum_to_teams(
        'cells', ['point_of_delivery', 'cost_basis'],
        {'activity': 'decimal(18, 3)', 'activity_priced': 'decimal(18, 3)', 'spend_gbp': 'decimal(18, 2)'}
    ) }}
),

-- what a basis pays for in a month; contract months show every point of delivery of the contract, unit costs those in use
lines as (
    select distinct
        months.month,
        points.point_of_delivery,
        'contract' as cost_basis
    from {{ ref('feed_month_statuses') }} as months
    cross join (
        select distinct point_of_delivery
        from cells
        where cost_basis = 'contract'
    ) as points
    where months.status_group = 'contract'
    union
    select distinct
        month,
        point_of_delivery,
        cost_basis
    from cells
),

line_facts as (
    select
        lines.month,
        lines.point_of_delivery,
        lines.cost_basis,
        case lines.cost_basis
            when 'unit_cost' then costs.price_year
            else {{ financial_year('lines.month') }}
        end as price_year,
        case
            when lines.cost_basis = 'contract' then 'contract'
            when lines.cost_basis = 'payment' then 'gp_payments'
            when points.activity_group in ('ae', 'same_day_emergency_care') and lines.month < {{ first_day_of_ecds() }} then 'urgent_care_legacy'
            when points.activity_group in ('ae', 'same_day_emergency_care') then 'urgent_care'
            when points.activity_group = 'outpatient' then 'outpatients'
            when points.activity_group in ('elective', 'non_elective') or lines.point_of_delivery = 'OTHER' then 'discharges'
            when gp_sources.source = 'gp_appointments' then 'gp_appointments'
            else 'gp_appointments_published'
        end as status_group,
        case when points.activity_group = 'general_practice' then 'gp_payments' else 'contract' end as paid_by
    from lines
    left join {{ ref('points_of_delivery') }} as points on lines.point_of_delivery = points.point_of_delivery
    left join {{ ref('unit_costs') }} as costs on points.costed_as = costs.point_of_delivery
    left join {{ ref('gp_appointment_month_sources') }} as gp_sources on lines.month = gp_sources.month
),

frame as (
    select
        areas.boundary,
        areas.month,
        areas.int_code,
        lines.point_of_delivery,
        lines.cost_basis
    from {{ ref('area_months') }} as areas
    inner join lines on areas.month = lines.month
    where areas.is_team
    union
    select
        boundary,
        month,
        int_code,
        point_of_delivery,
        cost_basis
    from figures
)

select
    frame.boundary,
    frame.int_code,
    frame.month,
    frame.point_of_delivery,
    frame.cost_basis,
    coalesce(figures.activity, cast(0 as decimal(18, 3))) as activity,
    coalesce(figures.activity_priced, cast(0 as decimal(18, 3))) as activity_priced,
    -- nothing happened is nought pounds; something without a price is unknown
    case when figures.int_code is null then cast(0 as decimal(18, 2)) else figures.spend_gbp end as spend_gbp,
    areas.registered_population,
    {{ crude_rate(
        'case when figures.int_code is null then cast(0 as decimal(18, 2)) else figures.spend_gbp end', 'areas.rate_population', 1
    ) }} as spend_per_head_gbp,
    line_facts.price_year,
    -- a unit cost is not settled either where what was paid should stand
    case
        when not areas.has_own_lists then 'incomplete'
        when missed.status_group is not null or contract_statuses.period_status = 'incomplete' then 'incomplete'
        else coalesce(statuses.period_status, 'incomplete')
    end as period_status,
    case
        when figures.int_code is not null and figures.spend_gbp is null then 'not_priced'
        when areas.population_basis is null then 'not_delivered'
        when coalesce(areas.rate_population, 0) = 0 then 'no_population'
    end as null_reason
from frame
inner join {{ ref('area_months') }} as areas
    on frame.boundary = areas.boundary and frame.month = areas.month and frame.int_code = areas.int_code
inner join line_facts
    on
        frame.month = line_facts.month
        and frame.point_of_delivery = line_facts.point_of_delivery
        and frame.cost_basis = line_facts.cost_basis
left join figures
    on
        frame.boundary = figures.boundary
        and frame.month = figures.month
        and frame.int_code = figures.int_code
        and frame.point_of_delivery = figures.point_of_delivery
        and frame.cost_basis = figures.cost_basis
left join {{ ref('area_month_statuses') }} as statuses
    on
        frame.boundary = statuses.boundary
        and frame.month = statuses.month
        and frame.int_code = statuses.int_code
        and line_facts.status_group = statuses.status_group
left join {{ ref('missed_group_months') }} as missed
    on
        frame.month = missed.month
        and missed.status_group = case when line_facts.cost_basis = 'unit_cost' then line_facts.paid_by end
left join {{ ref('area_month_statuses') }} as contract_statuses
    on
        frame.boundary = contract_statuses.boundary
        and frame.month = contract_statuses.month
        and frame.int_code = contract_statuses.int_code
        and contract_statuses.status_group = case when line_facts.cost_basis = 'unit_cost' then line_facts.paid_by end
