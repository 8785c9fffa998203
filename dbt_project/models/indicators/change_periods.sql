-- Which twelve months are compared with which (seedless where it can be): each area's newest complete 12 months, against the same a year
-- before, the 12 months before the team went live, and every dated baseline of the targets that spans 12 months.
with

figures as (
    select
        indicator_id,
        cohort_id,
        area_type,
        area_code,
        month
    from {{ ref('indicator_figures') }}
    where
        boundary = 'marts'
        and period = 'rolling_12_months'
        and value is not null
        and numerator is not null
        and period_status <> 'incomplete'
),

newest as (
    select
        indicator_id,
        cohort_id,
        area_type,
        area_code,
        max(month) as current_month
    from figures
    group by indicator_id, cohort_id, area_type, area_code
),

baselines as (
    select
        *,
        {{ add_months('current_month', -12) }} as baseline_month
    from newest
    union
    select
        newest.*,
        {{ add_months('teams.go_live_month', -1) }} as baseline_month
    from newest
    inner join {{ ref('team_go_lives') }} as teams on newest.area_code = teams.int_code
    where newest.area_type = 'int' and teams.go_live_month is not null
    union
    select
        newest.*,
        targets.baseline_to as baseline_month
    from newest
    inner join {{ ref('indicator_targets') }} as targets
        on newest.indicator_id = targets.indicator_id and newest.cohort_id = targets.cohort_id
    where {{ months_between('targets.baseline_from', 'targets.baseline_to') }} = 11
)

select baselines.*
from baselines
inner join figures
    on
        baselines.indicator_id = figures.indicator_id
        and baselines.cohort_id = figures.cohort_id
        and baselines.area_type = figures.area_type
        and baselines.area_code = figures.area_code
        and baselines.baseline_month = figures.month
where baselines.baseline_month < baselines.current_month
