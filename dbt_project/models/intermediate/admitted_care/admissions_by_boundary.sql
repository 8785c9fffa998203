-- Non-elective admissions on both boundaries: dense over teams, months, types, known age groups and stays of 0 and 1 or more days.
with cells as (
    select
        event_month as month,
        practice_code,
        admission_type,
        age_group,
        length_of_stay_group,
        count(*) as admissions,
        sum(spell_bed_days) as spell_bed_days
    from {{ ref('admissions') }}
    -- of a month that is not covered nobody knows how many there were: its stray rows are counted in removed_by_rule
    inner join {{ ref('feed_month_statuses') }} as delivered
        on event_month = delivered.month and delivered.status_group = 'admissions'
    group by event_month, practice_code, admission_type, age_group, length_of_stay_group
),

figures as (
    {{ sum_to_teams(
        'cells', ['admission_type', 'age_group', 'length_of_stay_group'], {'admissions': 'bigint', 'spell_bed_days': 'bigint'}
    ) }}
),

groups as (
    {% for admission_type in ['emergency', 'non_emergency', 'transfer'] -%}
    {% set outer_loop = loop -%}
    {% for age_group in ['0_19', '20_64', '65_74', '75_84', '85_plus'] -%}
    {% set middle_loop = loop -%}
    {% for stay in ['0', '1_plus'] -%}
    select
        '{{ admission_type }}' as admission_type,
        '{{ age_group }}' as age_group,
        '{{ stay }}' as length_of_stay_group
    {{ 'union all' if not (outer_loop.last and middle_loop.last and loop.last) }}
    {% endfor -%}
    {% endfor -%}
    {% endfor %}
),

frame as (
    select
        areas.boundary,
        areas.month,
        areas.int_code,
        groups.admission_type,
        groups.age_group,
        groups.length_of_stay_group
    from {{ ref('area_months') }} as areas
    inner join {{ ref('feed_month_statuses') }} as delivered
        on areas.month = delivered.month and delivered.status_group = 'admissions'
    cross join groups
    where areas.is_team
    union
    select
        boundary,
        month,
        int_code,
        admission_type,
        age_group,
        length_of_stay_group
    from figures
),

joined as (
    select
        frame.*,
        -- no record of an age is no admission of that age only where ages are recorded
        case when ages.feed is not null or figures.admissions > 0 then coalesce(figures.admissions, 0) end as admissions,
        case when ages.feed is not null or figures.admissions > 0 then coalesce(figures.spell_bed_days, 0) end as spell_bed_days,
        case
            when ages.feed is null or gaps.property is not null then 'not_recorded'
            when areas.population_basis is null then 'not_delivered'
            when not areas.is_team or coalesce(age_groups.registered_population, 0) = 0 then 'no_population'
        end as null_reason,
        areas.registered_population,
        age_groups.registered_population as age_group_population,
        case
            when areas.is_team and ages.feed is not null and gaps.property is null then age_groups.registered_population
        end as rate_population,
        -- per head of a list of another month is not settled either
        case
            when not areas.has_own_lists then 'incomplete'
            -- the record of a stay may lie in a month nearby that does not say its age
            when not {{ is_said_nearby('ages', 'delivered', 'groups.reach_months') }} then 'incomplete'
            else coalesce(statuses.period_status, 'incomplete')
        end as period_status
    from frame
    inner join {{ ref('area_months') }} as areas
        on frame.boundary = areas.boundary and frame.month = areas.month and frame.int_code = areas.int_code
    left join figures
        on
            frame.boundary = figures.boundary
            and frame.month = figures.month
            and frame.int_code = figures.int_code
            and frame.admission_type = figures.admission_type
            and frame.age_group = figures.age_group
            and frame.length_of_stay_group = figures.length_of_stay_group
    left join {{ ref('area_populations') }} as age_groups
        on
            frame.boundary = age_groups.boundary
            and frame.month = age_groups.month
            and frame.int_code = age_groups.int_code
            and frame.age_group = age_groups.age_group
            -- said of the right side: a condition on the left alone makes the join a loop over all pairs
            and age_groups.age_group <> 'unknown'
    left join {{ ref('area_month_statuses') }} as statuses
        on
            frame.boundary = statuses.boundary
            and frame.month = statuses.month
            and frame.int_code = statuses.int_code
            and statuses.status_group = 'admissions'
    inner join {{ ref('feed_month_statuses') }} as delivered
        on frame.month = delivered.month and delivered.status_group = 'admissions'
    inner join {{ ref('status_groups') }} as groups on delivered.status_group = groups.status_group
    left join {{ ref('feed_month_properties') }} as ages
        on frame.month = ages.month and ages.feed = 'hes_apc' and ages.property = 'age'
    left join {{ ref('area_list_gaps') }} as gaps
        on
            frame.boundary = gaps.boundary
            and frame.month = gaps.month
            and frame.int_code = gaps.area_code
            and gaps.area_type = 'int'
            and gaps.property = 'age'
)

select
    boundary,
    int_code,
    month,
    admission_type,
    age_group,
    length_of_stay_group,
    admissions,
    spell_bed_days,
    registered_population,
    age_group_population,
    {{ crude_rate('admissions', 'rate_population', 1000) }} as admissions_per_1000,
    {{ crude_rate_lower_95('admissions', 'rate_population', 1000) }} as admissions_per_1000_lower_95,
    {{ crude_rate_upper_95('admissions', 'rate_population', 1000) }} as admissions_per_1000_upper_95,
    period_status,
    null_reason
from joined
