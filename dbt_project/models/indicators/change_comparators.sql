-- Counts of an area, and of what it is compared with, in the current 12 months and in the baseline: the rest of the ICB, the rest of its
-- partnership, and the other teams that had not gone live by the end of the current period.
with

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

sides as (
    select
        periods.*,
        now.numerator as own_numerator,
        now.denominator as own_denominator,
        base.numerator as own_base_numerator,
        base.denominator as own_base_denominator
    from {{ ref('change_periods') }} as periods
    inner join figures as now
        on
            periods.indicator_id = now.indicator_id
            and periods.cohort_id = now.cohort_id
            and periods.area_type = now.area_type
            and periods.area_code = now.area_code
            and periods.current_month = now.month
    inner join figures as base
        on
            periods.indicator_id = base.indicator_id
            and periods.cohort_id = base.cohort_id
            and periods.area_type = base.area_type
            and periods.area_code = base.area_code
            and periods.baseline_month = base.month
),

wholes as (
    select
        sides.*,
        'rest_of_icb' as comparator,
        'icb' as whole_type,
        build.icb_code as whole_code
    from sides
    inner join {{ ref('indicator_catalogue') }} as catalogue on sides.indicator_id = catalogue.indicator_id
    cross join {{ ref('build') }} as build
    -- people counted per area do not add up to the ICB's, so they have no rest
    where sides.area_type <> 'icb' and catalogue.measure_kind = 'additive'
    union all
    select
        sides.*,
        'rest_of_hcp' as comparator,
        'hcp' as whole_type,
        parents.hcp_code as whole_code
    from sides
    inner join parents on sides.area_type = parents.area_type and sides.area_code = parents.area_code
    inner join {{ ref('indicator_catalogue') }} as catalogue on sides.indicator_id = catalogue.indicator_id
    where catalogue.measure_kind = 'additive'
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
        now.numerator - wholes.own_numerator as numerator,
        now.denominator - wholes.own_denominator as denominator,
        base.numerator - wholes.own_base_numerator as base_numerator,
        base.denominator - wholes.own_base_denominator as base_denominator
    from wholes
    inner join figures as now
        on
            wholes.indicator_id = now.indicator_id
            and wholes.cohort_id = now.cohort_id
            and wholes.whole_type = now.area_type
            and wholes.whole_code = now.area_code
            and wholes.current_month = now.month
    inner join figures as base
        on
            wholes.indicator_id = base.indicator_id
            and wholes.cohort_id = base.cohort_id
            and wholes.whole_type = base.area_type
            and wholes.whole_code = base.area_code
            and wholes.baseline_month = base.month
),

-- teams that had not gone live by the end of the current period, all together for each pair of periods
waiting_teams as (
    select
        pairs.indicator_id,
        pairs.cohort_id,
        pairs.current_month,
        pairs.baseline_month,
        now.area_code,
        cast(now.numerator as decimal(38, 6)) as numerator,
        cast(now.denominator as decimal(38, 6)) as denominator,
        cast(base.numerator as decimal(38, 6)) as base_numerator,
        cast(base.denominator as decimal(38, 6)) as base_denominator
    from (
        select distinct
            indicator_id,
            cohort_id,
            current_month,
            baseline_month
        from sides
        where area_type = 'int'
    ) as pairs
    inner join figures as now
        on
            pairs.indicator_id = now.indicator_id
            and pairs.cohort_id = now.cohort_id
            and pairs.current_month = now.month
            and now.area_type = 'int'
    inner join figures as base
        on
            pairs.indicator_id = base.indicator_id
            and pairs.cohort_id = base.cohort_id
            and pairs.baseline_month = base.month
            and base.area_type = 'int'
            and now.area_code = base.area_code
    inner join {{ ref('team_go_lives') }} as teams on now.area_code = teams.int_code
    where teams.go_live_month is null or teams.go_live_month > pairs.current_month
),

waiting_totals as (
    select
        indicator_id,
        cohort_id,
        current_month,
        baseline_month,
        count(*) as teams,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        sum(base_numerator) as base_numerator,
        sum(base_denominator) as base_denominator
    from waiting_teams
    group by indicator_id, cohort_id, current_month, baseline_month
),

-- the others: all of them but the team itself, should it be waiting too
waiting as (
    select
        sides.indicator_id,
        sides.cohort_id,
        sides.area_type,
        sides.area_code,
        sides.current_month,
        sides.baseline_month,
        'teams_not_live' as comparator,
        cast(totals.numerator - coalesce(own.numerator, 0) as double) as numerator,
        cast(totals.denominator - coalesce(own.denominator, 0) as double) as denominator,
        cast(totals.base_numerator - coalesce(own.base_numerator, 0) as double) as base_numerator,
        cast(totals.base_denominator - coalesce(own.base_denominator, 0) as double) as base_denominator
    from sides
    inner join waiting_totals as totals
        on
            sides.indicator_id = totals.indicator_id
            and sides.cohort_id = totals.cohort_id
            and sides.current_month = totals.current_month
            and sides.baseline_month = totals.baseline_month
    left join waiting_teams as own
        on
            sides.indicator_id = own.indicator_id
            and sides.cohort_id = own.cohort_id
            and sides.current_month = own.current_month
            and sides.baseline_month = own.baseline_month
            and sides.area_code = own.area_code
    where sides.area_type = 'int' and totals.teams > case when own.area_code is null then 0 else 1 end
)

select
    indicator_id,
    cohort_id,
    area_type,
    area_code,
    current_month,
    baseline_month,
    'own' as comparator,
    own_numerator as numerator,
    own_denominator as denominator,
    own_base_numerator as base_numerator,
    own_base_denominator as base_denominator
from sides
union all
select * from rests
union all
select * from waiting
