-- Readmissions on both boundaries: cumulative windows of 30, 60 and 90 days, a percentage only where the year of look-back and the
-- follow-up are delivered, with the persons and the diagnoses that say which stays count.
with windows as (
    {% for window_days in [30, 60, 90] -%}
    select {{ window_days }} as window_days
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

cells as (
    select
        discharge_month as month,
        practice_code,
        windows.window_days,
        count(*) as discharges,
        sum(case when days_to_readmission < windows.window_days then 1 else 0 end) as readmissions
    from {{ ref('readmissions_by_index') }}
    -- stray rows of a month that is not covered are counted in removed_by_rule
    inner join {{ ref('feed_month_statuses') }} as delivered
        on discharge_month = delivered.month and delivered.status_group = 'discharges'
    cross join windows
    group by discharge_month, practice_code, windows.window_days
),

-- how far around a month the feed is covered and its records say what is asked
known as (
    select
        delivered.month,
        count(said.property) = 2 as is_recorded,
        least(delivered.months_behind, min(said.months_behind)) as months_behind,
        least(delivered.months_ahead, min(said.months_ahead)) as months_ahead
    from {{ ref('feed_month_statuses') }} as delivered
    left join {{ ref('feed_month_properties') }} as said
        on delivered.feed = said.feed and delivered.month = said.month and said.property in ('person', 'diagnosis')
    where delivered.status_group = 'discharges'
    group by delivered.month, delivered.months_behind, delivered.months_ahead
),

figures as (
    {{ sum_to_teams('cells', ['window_days'], {'discharges': 'bigint', 'readmissions': 'bigint'}) }}
),

frame as (
    select
        areas.boundary,
        areas.month,
        areas.int_code,
        windows.window_days
    from {{ ref('area_months') }} as areas
    inner join {{ ref('feed_month_statuses') }} as delivered
        on areas.month = delivered.month and delivered.status_group = 'discharges'
    cross join windows
    where areas.is_team
    union
    select
        boundary,
        month,
        int_code,
        window_days
    from figures
),

joined as (
    select
        frame.*,
        coalesce(figures.discharges, 0) as discharges,
        coalesce(figures.readmissions, 0) as readmissions,
        areas.registered_population,
        areas.is_team,
        months.data_cut >= {{ add_days('months.month_end', 'frame.window_days - 1') }} as is_mature,
        coalesce(statuses.period_status, 'incomplete') as feed_status,
        case
            when not known.is_recorded then 'not_recorded'
            when known.months_behind < needs.look_back_months then 'history_too_short'
            when
                months.data_cut < {{ add_days('months.month_end', 'frame.window_days - 1') }}
                or known.months_ahead < {{ months_between('months.month', add_days('months.month_end', 'frame.window_days - 1')) }}
                then 'follow_up_not_over'
            when not areas.is_team then 'no_population'
            when coalesce(figures.discharges, 0) = 0 then 'nothing_to_divide_by'
        end as null_reason
    from frame
    inner join {{ ref('area_months') }} as areas
        on frame.boundary = areas.boundary and frame.month = areas.month and frame.int_code = areas.int_code
    inner join {{ ref('months') }} as months on frame.month = months.month
    inner join known on frame.month = known.month
    inner join {{ ref('measure_requirements') }} as needs on needs.measure_id = 'index_discharges'
    left join figures
        on
            frame.boundary = figures.boundary
            and frame.month = figures.month
            and frame.int_code = figures.int_code
            and frame.window_days = figures.window_days
    left join {{ ref('area_month_statuses') }} as statuses
        on
            frame.boundary = statuses.boundary
            and frame.month = statuses.month
            and frame.int_code = statuses.int_code
            and statuses.status_group = 'discharges'
)

select
    boundary,
    int_code,
    month,
    cast(window_days as integer) as window_days,
    discharges,
    readmissions,
    case when null_reason is null then 100.0 * {{ safe_divide('readmissions', 'discharges') }} end as readmission_pct,
    case when null_reason is null then {{ wilson_lower_95('readmissions', 'discharges') }} end as readmission_pct_lower_95,
    case when null_reason is null then {{ wilson_upper_95('readmissions', 'discharges') }} end as readmission_pct_upper_95,
    is_mature,
    registered_population,
    case when null_reason = 'follow_up_not_over' then 'incomplete' else feed_status end as period_status,
    null_reason
from joined
