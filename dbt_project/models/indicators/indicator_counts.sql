-- Numerator and denominator of every indicator, cohort, area and period, on both boundaries, before it is decided what may be shown.
-- Populations of 12 months are the mean of the 12 monthly lists (definitions C9); activity is summed.
with

wanted as (
    select
        cohorts.indicator_id,
        cohorts.cohort_id,
        cohorts.denominator_kind,
        cohorts.measure_kind,
        -- each kind of measure has its own relation; a null key joins nothing
        case when cohorts.measure_kind = 'additive' then cohorts.numerator_measure_id end as additive_measure_id,
        case when cohorts.measure_kind = 'person_period' then cohorts.numerator_measure_id end as person_measure_id,
        case when cohorts.measure_kind = 'duration' then cohorts.numerator_measure_id end as duration_measure_id,
        cohorts.events_per_person,
        cohorts.denominator_measure_id,
        cohorts.denominator_cohort_id,
        areas.boundary,
        areas.area_type,
        areas.area_code,
        areas.month,
        areas.months_of_life
    from {{ ref('indicator_cohorts') }} as cohorts
    cross join {{ ref('indicator_areas') }} as areas
    -- each month's own boundaries are for reading old figures as they stood: everybody, not each cohort again
    where areas.boundary = 'marts' or cohorts.cohort_id = 'all'
),

totals as (
    select
        wanted.*,
        coalesce(numerators.month_total, 0) as month_numerator,
        coalesce(numerators.rolling_12_months_total, 0) as rolling_numerator,
        coalesce(denominators.month_total, 0) as month_denominator,
        coalesce(denominators.rolling_12_months_total, 0) as rolling_denominator
    from wanted
    left join {{ ref('area_periods') }} as numerators
        on
            wanted.additive_measure_id = numerators.measure_id
            and wanted.cohort_id = numerators.cohort_id
            and wanted.boundary = numerators.boundary
            and wanted.area_type = numerators.area_type
            and wanted.area_code = numerators.area_code
            and wanted.month = numerators.month
    left join {{ ref('area_periods') }} as denominators
        on
            wanted.denominator_measure_id = denominators.measure_id
            and wanted.denominator_cohort_id = denominators.cohort_id
            and wanted.boundary = denominators.boundary
            and wanted.area_type = denominators.area_type
            and wanted.area_code = denominators.area_code
            and wanted.month = denominators.month
),

both_periods as (
    select
        * exclude (month_numerator, rolling_numerator, month_denominator, rolling_denominator),
        'month' as period,
        month_numerator as total,
        cast(month_denominator as double) as denominator
    from totals
    union all
    select
        * exclude (month_numerator, rolling_numerator, month_denominator, rolling_denominator),
        'rolling_12_months' as period,
        rolling_numerator as total,
        cast(rolling_denominator as double) / case when denominator_kind = 'population' then 12 else 1 end as denominator
    from totals
)

select
    counts.indicator_id,
    counts.cohort_id,
    counts.boundary,
    counts.area_type,
    counts.area_code,
    counts.month,
    counts.period,
    counts.months_of_life,
    case counts.measure_kind
        when 'additive' then cast(counts.total as double)
        when 'person_period' then case when counts.period = 'rolling_12_months' then cast(coalesce(people.people, 0) as double) end
    end as numerator,
    counts.denominator,
    medians.median
from both_periods as counts
left join {{ ref('area_people') }} as people
    on
        counts.person_measure_id = people.measure_id
        and counts.events_per_person = people.events_per_person
        and counts.cohort_id = people.cohort_id
        and counts.boundary = people.boundary
        and counts.area_type = people.area_type
        and counts.area_code = people.area_code
        and counts.month = people.month
left join {{ ref('area_medians') }} as medians
    on
        counts.duration_measure_id = medians.measure_id
        and counts.cohort_id = medians.cohort_id
        and counts.boundary = medians.boundary
        and counts.area_type = medians.area_type
        and counts.area_code = medians.area_code
        and counts.month = medians.month
        and counts.period = medians.period
