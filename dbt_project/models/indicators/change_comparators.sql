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

waiting as (
    select
        sides.indicator_id,
        sides.cohort_id,
        sides.area_type,
        sides.area_code,
        sides.current_month,
        sides.baseline_month,
        'teams_not_live' as comparator,
        {{ exact_sum('now.numerator', 6) }} as numerator,
        {{ exact_sum('now.denominator', 6) }} as denominator,
        {{ exact_sum('base.numerator', 6) }} as base_numerator,
        {{ exact_sum('base.denominator', 6) }} as base_denominator
    from sides
    inner join figures as now
        on
            sides.indicator_id = now.indicator_id
            and sides.cohort_id = now.cohort_id
            and sides.area_type = now.area_type
            and sides.current_month = now.month
            and sides.area_code <> now.area_code
    inner join figures as base
        on
            now.indicator_id = base.indicator_id
            and now.cohort_id = base.cohort_id
            and now.area_type = base.area_type
            and now.area_code = base.area_code
            and sides.baseline_month = base.month
    inner join {{ ref('team_go_lives') }} as teams on now.area_code = teams.int_code
    where sides.area_type = 'int' and (teams.go_live_month is null or teams.go_live_month > sides.current_month)
    group by
        sides.indicator_id, sides.cohort_id, sides.area_type, sides.area_code, sides.current_month, sides.baseline_month
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
