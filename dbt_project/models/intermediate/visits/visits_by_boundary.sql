-- Visits per capita on both boundaries: figures by area, made dense over teams, months and types, with rates and limits.
with types as (
    select *
    from {{ ref('visit_types') }}
    union all
    select distinct
        'community_contact' as setting,
        visit_type,
        'community' as status_group,
        true as is_dense
    from {{ ref('visit_cells') }}
    where setting = 'community_contact'
),

cells as (
    select cells.*
    from {{ ref('visit_cells') }} as cells
    -- stray rows of a month that is not covered are counted in removed_by_rule
    inner join (
        select distinct
            types.setting,
            delivered.month
        from types
        inner join {{ ref('feed_month_statuses') }} as delivered on types.status_group = delivered.status_group
    ) as delivered on cells.setting = delivered.setting and cells.month = delivered.month
),

figures as (
    {{ sum_to_teams(
        'cells', ['setting', 'visit_type'], {'visits': 'bigint', 'not_attended': 'bigint', 'status_unknown': 'bigint'}, 'cells.is_icb_only'
    ) }}
),

statuses as (
    select distinct
        statuses.boundary,
        statuses.month,
        statuses.int_code,
        types.setting,
        statuses.feed as source,
        statuses.period_status
    from {{ ref('area_month_statuses') }} as statuses
    inner join types on statuses.status_group = types.status_group
),

-- a month known at sub-ICB level only says nothing about a team, which must not look like zero
frame as (
    select
        areas.boundary,
        areas.month,
        areas.int_code,
        types.setting,
        types.visit_type
    from {{ ref('area_months') }} as areas
    inner join {{ ref('feed_month_statuses') }} as delivered on areas.month = delivered.month
    inner join types on delivered.status_group = types.status_group
    left join {{ ref('gp_appointment_month_sources') }} as gp_sources on areas.month = gp_sources.month
    where
        areas.is_team
        and types.is_dense
        and not (types.setting = 'gp_appointment' and gp_sources.source = 'gp_appointments_published_sub_icb')
    union
    select
        boundary,
        month,
        int_code,
        setting,
        visit_type
    from figures
),

-- months in which a feed's records say which type each visit is, and whether it was kept
{% set asked = {
    'gp_appointments': ['attendance', 'staff_group'],
    'gp_appointments_published': ['attendance', 'staff_group'],
    'ecds': ['department'],
    'hes_ae': ['department'],
    'hes_op': ['attendance', 'first_or_follow_up', 'procedure'],
    'community_contacts': ['attendance'],
} -%}
types_said as (
    {% for feed, properties in asked.items() -%}
    select
        feed,
        month
    from {{ ref('feed_month_properties') }}
    where feed = '{{ feed }}' and property in ('{{ properties | join("', '") }}')
    group by feed, month
    having count(*) = {{ properties | length }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- no record of a type is no visit of that type only where records say their type
counted as (
    select
        frame.boundary,
        frame.int_code,
        frame.month,
        frame.setting,
        frame.visit_type,
        statuses.source,
        statuses.period_status,
        types_said.feed is not null as is_said,
        figures.visits is not null or types_said.feed is not null as is_counted,
        figures.visits,
        figures.not_attended,
        figures.status_unknown
    from frame
    left join figures
        on
            frame.boundary = figures.boundary
            and frame.month = figures.month
            and frame.int_code = figures.int_code
            and frame.setting = figures.setting
            and frame.visit_type = figures.visit_type
    left join statuses
        on
            frame.boundary = statuses.boundary
            and frame.month = statuses.month
            and frame.int_code = statuses.int_code
            and frame.setting = statuses.setting
    left join types_said on statuses.source = types_said.feed and statuses.month = types_said.month
)

select
    counted.boundary,
    counted.int_code,
    counted.month,
    counted.setting,
    counted.visit_type,
    case when counted.is_counted then coalesce(counted.visits, 0) end as visits,
    case when counted.is_counted then coalesce(counted.not_attended, 0) end as not_attended,
    case when counted.is_counted then coalesce(counted.status_unknown, 0) end as status_unknown,
    counted.source,
    areas.registered_population,
    areas.population_basis,
    {% set visits = 'case when counted.is_said then coalesce(counted.visits, 0) end' -%}
    {{ crude_rate(visits, 'areas.rate_population', 1000) }} as visits_per_1000,
    {{ crude_rate_lower_95(visits, 'areas.rate_population', 1000) }} as visits_per_1000_lower_95,
    {{ crude_rate_upper_95(visits, 'areas.rate_population', 1000) }} as visits_per_1000_upper_95,
    -- per head of a list of another month is not settled either
    case
        when not areas.has_own_lists then 'incomplete'
        else coalesce(counted.period_status, 'incomplete')
    end as period_status,
    case
        when not counted.is_said then 'not_recorded'
        when areas.population_basis is null then 'not_delivered'
        when coalesce(areas.rate_population, 0) = 0 then 'no_population'
    end as null_reason
from counted
inner join {{ ref('area_months') }} as areas
    on counted.boundary = areas.boundary and counted.month = areas.month and counted.int_code = areas.int_code
