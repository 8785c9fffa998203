-- Which months are compared with which (definitions E16), numbered as the macro month_number does. Two periods never share a month.
--   year_before      the newest complete 12 months against the same a year before
--   go_live          since the team went live: the newest complete months, at most 12, against the last 12 before it (less the anticipation
--                    months of the settings); with fewer than 12, against the same calendar months of the year before
--   target_baseline  the newest complete 12 months against each dated baseline of 12 months among the targets
with

newest as (
    select
        indicator_id,
        cohort_id,
        area_type,
        area_code,
        'additive' as measure_kind,
        max(month_number) as newest_month
    from {{ ref('change_months') }}
    where is_complete
    group by indicator_id, cohort_id, area_type, area_code
    union all
    select
        figures.indicator_id,
        figures.cohort_id,
        figures.area_type,
        figures.area_code,
        'person_period' as measure_kind,
        max({{ month_number('figures.month') }}) as newest_month
    from {{ ref('indicator_figures') }} as figures
    inner join {{ ref('indicator_catalogue') }} as catalogue
        on figures.indicator_id = catalogue.indicator_id and catalogue.measure_kind = 'person_period'
    where
        figures.boundary = 'marts'
        and figures.period = 'rolling_12_months'
        and figures.value is not null
        and figures.period_status <> 'incomplete'
    group by figures.indicator_id, figures.cohort_id, figures.area_type, figures.area_code
),

since_go_live as (
    select
        newest.*,
        {{ month_number('teams.go_live_month') }} as go_live_month,
        {{ month_number('teams.go_live_month') }} - build.anticipation_months as expected_from,
        newest.newest_month - {{ month_number('teams.go_live_month') }} + 1 as months_since
    from newest
    inner join {{ ref('team_go_lives') }} as teams
        on newest.area_type = 'int' and newest.area_code = teams.int_code and teams.go_live_month is not null
    cross join {{ ref('build') }} as build
),

periods as (
    select
        indicator_id,
        cohort_id,
        area_type,
        area_code,
        measure_kind,
        'year_before' as baseline_kind,
        12 as months,
        newest_month - 23 as baseline_from,
        newest_month - 12 as baseline_to,
        newest_month - 11 as current_from,
        newest_month as current_to
    from newest
    union all
    select
        indicator_id,
        cohort_id,
        area_type,
        area_code,
        measure_kind,
        'go_live' as baseline_kind,
        12 as months,
        expected_from - 12 as baseline_from,
        expected_from - 1 as baseline_to,
        newest_month - 11 as current_from,
        newest_month as current_to
    from since_go_live
    where months_since >= 12
    union all
    select
        indicator_id,
        cohort_id,
        area_type,
        area_code,
        measure_kind,
        'go_live' as baseline_kind,
        months_since as months,
        go_live_month - 12 as baseline_from,
        newest_month - 12 as baseline_to,
        go_live_month as current_from,
        newest_month as current_to
    from since_go_live
    where months_since between 1 and 11 and measure_kind = 'additive' and newest_month - 12 < expected_from
    union all
    select
        newest.indicator_id,
        newest.cohort_id,
        newest.area_type,
        newest.area_code,
        newest.measure_kind,
        'target_baseline' as baseline_kind,
        12 as months,
        {{ month_number('targets.baseline_from') }} as baseline_from,
        {{ month_number('targets.baseline_to') }} as baseline_to,
        newest.newest_month - 11 as current_from,
        newest.newest_month as current_to
    from newest
    inner join (
        select distinct
            indicator_id,
            cohort_id,
            baseline_from,
            baseline_to
        from {{ ref('indicator_targets') }}
    ) as targets
        on newest.indicator_id = targets.indicator_id and newest.cohort_id = targets.cohort_id
    where {{ months_between('targets.baseline_from', 'targets.baseline_to') }} = 11
)

select *
from periods
where baseline_to < current_from
