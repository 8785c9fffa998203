{# The rows of the mart `indicator_values` on one boundary, `marts` or `as_at`: figures with what they are held against. #}
{% macro indicator_values(boundary) -%}
with

people as (
    select
        areas.area_type,
        areas.area_code,
        areas.month,
        cast(round(lists.month_total) as bigint) as registered_population
    from {{ ref('area_periods') }} as lists
    inner join {{ ref('measure_cohorts') }} as measures
        on
            lists.measure_cohort_key = measures.measure_cohort_key
            and measures.measure_id = 'registered_population'
            and measures.cohort_id = 'all'
    inner join {{ ref('indicator_areas') }} as areas
        on lists.area_key = areas.area_key and lists.month_number = areas.month_number
    where areas.boundary = '{{ boundary }}'
),

-- what the feeds count, and what was reported as it stands
figures as (
    select
        counted.*,
        {{ add_months('counted.month', "case when counted.period = 'month' then 0 else -11 end") }} as period_start,
        {{ month_end('counted.month') }} as period_end
    from {{ ref('indicator_figures') }} as counted
    union all by name
    select *
    from {{ ref('reported_figures') }}
)

select
    figures.indicator_id,
    figures.cohort_id,
    figures.area_type,
    figures.area_code,
    figures.month,
    figures.period,
    figures.period_start,
    figures.period_end,
    figures.definition_version,
    figures.numerator,
    figures.denominator,
    figures.multiplier,
    figures.value,
    figures.value_lower_95,
    figures.value_upper_95,
    figures.limit_method,
    figures.standardised_value,
    figures.standardised_lower_95 as standardised_value_lower_95,
    figures.standardised_upper_95 as standardised_value_upper_95,
    figures.standardisation,
    figures.standardised_null_reason,
    targets.baseline_value,
    targets.target_value,
    targets.trajectory_value,
    -- an incomplete figure is no verdict on a target
    case when figures.period_status <> 'incomplete' then figures.value - targets.target_value end as gap_to_target,
    figures.comparator_value,
    figures.replies,
    figures.response_pct,
    coalesce(people.registered_population, 0) as registered_population,
    case
        when figures.area_type = 'int' and figures.month >= teams.go_live_month
            then {{ months_between('teams.go_live_month', 'figures.month') }}
    end as months_since_go_live,
    figures.period_status,
    figures.null_reason
from figures
left join {{ ref('indicator_target_lines') }} as targets
    on
        figures.indicator_id = targets.indicator_id
        and figures.cohort_id = targets.cohort_id
        and figures.area_type = targets.area_type
        and figures.area_code = targets.area_code
        and figures.period = targets.period
        and figures.month = targets.month
left join people
    on
        figures.area_type = people.area_type
        and figures.area_code = people.area_code
        and figures.month = people.month
left join {{ ref('team_go_lives') }} as teams on figures.area_code = teams.int_code
where figures.boundary = '{{ boundary }}'
{%- endmacro %}
