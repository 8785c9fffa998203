-- Counts of an area, and of what it is compared with, in the current 12 months and in the baseline: the rest of the ICB, the rest of its
-- partnership, and the other teams that had not gone live by the end of the current period.
with

pairs as (
    select distinct
        indicator_id,
        cohort_id,
        current_month,
        baseline_month
    from {{ ref('change_periods') }}
),

figures as (
    select
        indicator_id,
        cohort_id,
        area_type,
        area_code,
        month,
        numerator,
        denominator
    from {{ ref('indicator_figures') }}
    where boundary = 'marts' and period = 'rolling_12_months' and value is not null and numerator is not null
),

-- first the current year, then its baseline: a handful of months out of all
current_years as materialized (
    select
        pairs.*,
        figures.area_type,
        figures.area_code,
        figures.numerator,
        figures.denominator
    from pairs
    inner join figures
        on
            pairs.indicator_id = figures.indicator_id
            and pairs.cohort_id = figures.cohort_id
            and pairs.current_month = figures.month
),

both_years as materialized (
    select
        current_years.*,
        figures.numerator as base_numerator,
        figures.denominator as base_denominator
    from current_years
    inner join figures
        on
            current_years.indicator_id = figures.indicator_id
            and current_years.cohort_id = figures.cohort_id
            and current_years.area_type = figures.area_type
            and current_years.area_code = figures.area_code
            and current_years.baseline_month = figures.month
),

own as materialized (
    select both_years.*
    from both_years
    semi join {{ ref('change_periods') }} as periods
        on
            both_years.indicator_id = periods.indicator_id
            and both_years.cohort_id = periods.cohort_id
            and both_years.area_type = periods.area_type
            and both_years.area_code = periods.area_code
            and both_years.current_month = periods.current_month
            and both_years.baseline_month = periods.baseline_month
),

parents as (
    select
        levels.area_type,
        levels.area_code,
        min(partnerships.area_code) as hcp_code
    from {{ ref('practice_levels') }} as levels
    inner join {{ ref('practice_levels') }} as partnerships
        on
            levels.boundary = partnerships.boundary
            and levels.month = partnerships.month
            and levels.practice_code = partnerships.practice_code
    inner join {{ ref('build') }} as build on levels.month = {{ month_start('build.data_cut') }}
    where levels.boundary = 'marts' and partnerships.area_type = 'hcp' and levels.area_type in ('int', 'pcn')
    group by levels.area_type, levels.area_code
),

-- people counted per area do not add up to the ICB's, so they have no rest
wholes as (
    select
        own.*,
        'rest_of_icb' as comparator,
        'icb' as whole_type,
        build.icb_code as whole_code
    from own
    cross join {{ ref('build') }} as build
    where own.area_type <> 'icb'
    union all
    select
        own.*,
        'rest_of_hcp' as comparator,
        'hcp' as whole_type,
        parents.hcp_code as whole_code
    from own
    inner join parents on own.area_type = parents.area_type and own.area_code = parents.area_code
),

rests as (
    select
        wholes.indicator_id,
        wholes.cohort_id,
        wholes.area_type,
        wholes.area_code,
        wholes.current_month,
        wholes.baseline_month,
        wholes.comparator,
        whole_years.numerator - wholes.numerator as numerator,
        whole_years.denominator - wholes.denominator as denominator,
        whole_years.base_numerator - wholes.base_numerator as base_numerator,
        whole_years.base_denominator - wholes.base_denominator as base_denominator
    from wholes
    inner join {{ ref('indicator_catalogue') }} as catalogue
        on wholes.indicator_id = catalogue.indicator_id and catalogue.measure_kind = 'additive'
    inner join both_years as whole_years
        on
            wholes.indicator_id = whole_years.indicator_id
            and wholes.cohort_id = whole_years.cohort_id
            and wholes.whole_type = whole_years.area_type
            and wholes.whole_code = whole_years.area_code
            and wholes.current_month = whole_years.current_month
            and wholes.baseline_month = whole_years.baseline_month
),

-- teams that had not gone live by the end of the current period, all together for each pair of periods
waiting_teams as (
    select both_years.*
    from both_years
    inner join {{ ref('team_go_lives') }} as teams on both_years.area_type = 'int' and both_years.area_code = teams.int_code
    where teams.go_live_month is null or teams.go_live_month > both_years.current_month
),

waiting_totals as (
    select
        indicator_id,
        cohort_id,
        current_month,
        baseline_month,
        count(*) as teams,
        {{ exact_sum('numerator', 9) }} as numerator,
        {{ exact_sum('denominator', 9) }} as denominator,
        {{ exact_sum('base_numerator', 9) }} as base_numerator,
        {{ exact_sum('base_denominator', 9) }} as base_denominator
    from waiting_teams
    group by indicator_id, cohort_id, current_month, baseline_month
),

-- the others: all of them but the team itself, should it be waiting too
waiting as (
    select
        own.indicator_id,
        own.cohort_id,
        own.area_type,
        own.area_code,
        own.current_month,
        own.baseline_month,
        'teams_not_live' as comparator,
        totals.numerator - coalesce(waiting_teams.numerator, 0) as numerator,
        totals.denominator - coalesce(waiting_teams.denominator, 0) as denominator,
        totals.base_numerator - coalesce(waiting_teams.base_numerator, 0) as base_numerator,
        totals.base_denominator - coalesce(waiting_teams.base_denominator, 0) as base_denominator
    from own
    inner join waiting_totals as totals
        on
            own.indicator_id = totals.indicator_id
            and own.cohort_id = totals.cohort_id
            and own.current_month = totals.current_month
            and own.baseline_month = totals.baseline_month
    left join waiting_teams
        on
            own.indicator_id = waiting_teams.indicator_id
            and own.cohort_id = waiting_teams.cohort_id
            and own.current_month = waiting_teams.current_month
            and own.baseline_month = waiting_teams.baseline_month
            and own.area_code = waiting_teams.area_code
    where own.area_type = 'int' and totals.teams > case when waiting_teams.area_code is null then 0 else 1 end
)

select
    indicator_id,
    cohort_id,
    area_type,
    area_code,
    current_month,
    baseline_month,
    'own' as comparator,
    numerator,
    denominator,
    base_numerator,
    base_denominator
from own
union all
select * from rests
union all
select * from waiting
