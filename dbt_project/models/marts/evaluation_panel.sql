-- Months of the teams from which effects are estimated (definitions E21), and those that are left out, each with its reason. The
-- estimator needs every month of every team: a month that more than a tenth of the teams do not know is left out for all, and a team
-- that does not know one of the others is left out itself. What counted differently at one time is never compared with what came later.
with

outcomes as (
    select
        indicator_id,
        cohort_id
    from {{ ref('registered_evaluation_plan') }}
    union
    select
        indicator_id,
        'all' as cohort_id
    from {{ ref('indicator_catalogue') }}
    where is_headline and measure_kind = 'additive' and donabedian_type <> 'structure'
),

breaks as (
    select
        indicator_id,
        max(case when area_code is null or area_type = 'icb' then month end) as common_break
    from {{ ref('process_rebasings') }}
    group by indicator_id
),

cells as (
    select
        figures.indicator_id,
        figures.cohort_id,
        figures.area_code as int_code,
        figures.month,
        figures.numerator,
        figures.denominator,
        figures.registered_population,
        teams.hcp_code,
        teams.go_live_month,
        breaks.common_break,
        case
            when figures.null_reason is not null then figures.null_reason
            when figures.period_status = 'incomplete' then 'incomplete'
            when figures.numerator is null or figures.denominator is null or figures.denominator <= 0
                then 'nothing_to_divide_by'
            when figures.month < breaks.common_break then 'before_a_break'
        end as own_reason
    from {{ ref('indicator_values') }} as figures
    inner join outcomes on figures.indicator_id = outcomes.indicator_id and figures.cohort_id = outcomes.cohort_id
    inner join {{ ref('teams') }} as teams on figures.area_code = teams.int_code
    left join breaks on figures.indicator_id = breaks.indicator_id
    where figures.area_type = 'int' and figures.period = 'month' and teams.is_current and not teams.is_special
),

months as (
    select
        indicator_id,
        cohort_id,
        month,
        count(*) filter (where own_reason is null) >= 0.9 * count(*) as is_kept
    from cells
    group by indicator_id, cohort_id, month
),

first_months as (
    select
        indicator_id,
        cohort_id,
        min(month) as first_month
    from months
    where is_kept
    group by indicator_id, cohort_id
),

broken_teams as (
    select distinct
        cells.indicator_id,
        cells.cohort_id,
        cells.int_code
    from cells
    inner join first_months on cells.indicator_id = first_months.indicator_id and cells.cohort_id = first_months.cohort_id
    inner join {{ ref('process_rebasings') }} as rebasings
        on
            cells.indicator_id = rebasings.indicator_id
            and cells.month = rebasings.month
            and (
                (rebasings.area_type = 'int' and rebasings.area_code = cells.int_code)
                or (rebasings.area_type = 'hcp' and rebasings.area_code = cells.hcp_code)
            )
            and rebasings.month > first_months.first_month
),

judged as (
    select
        cells.*,
        months.is_kept,
        first_months.first_month,
        broken_teams.int_code is not null as is_broken,
        bool_or(months.is_kept and cells.own_reason is not null) over (
            partition by cells.indicator_id, cells.cohort_id, cells.int_code
        ) as has_gap
    from cells
    inner join months
        on
            cells.indicator_id = months.indicator_id
            and cells.cohort_id = months.cohort_id
            and cells.month = months.month
    left join first_months on cells.indicator_id = first_months.indicator_id and cells.cohort_id = first_months.cohort_id
    left join broken_teams
        on
            cells.indicator_id = broken_teams.indicator_id
            and cells.cohort_id = broken_teams.cohort_id
            and cells.int_code = broken_teams.int_code
),

reasoned as (
    select
        *,
        case
            when own_reason is not null then own_reason
            when not is_kept then 'month_not_known_for_all'
            when is_broken then 'break_in_series'
            when has_gap then 'team_has_unknown_months'
            when go_live_month <= first_month then 'live_before_the_first_month'
        end as reason
    from judged
)

select
    indicator_id,
    cohort_id,
    int_code,
    month,
    numerator,
    denominator,
    cast(registered_population as bigint) as registered_population,
    hcp_code,
    go_live_month,
    cast({{ months_between('go_live_month', 'month') }} as integer) as months_since_go_live,
    strftime(go_live_month, '%Y-%m') as wave_id,
    reason is null as is_used,
    reason
from reasoned
