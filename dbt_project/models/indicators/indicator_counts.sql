-- Numerator and denominator of every indicator, cohort, area and period, on both boundaries, before it is decided what may be shown.
-- Populations of 12 months are the mean of the 12 monthly lists (definitions C9); activity is summed.
{{ config(materialized='view') }}

with

wanted as (
    select
        cohorts.indicator_cohort_key,
        cohorts.indicator_id,
        cohorts.cohort_id,
        cohorts.denominator_kind,
        cohorts.measure_kind,
        numerators.measure_cohort_key as numerator_key,
        denominators.measure_cohort_key as denominator_key,
        cohorts.numerator_measure_id,
        cohorts.events_per_person
    from {{ ref('indicator_cohorts') }} as cohorts
    left join {{ ref('measure_cohorts') }} as numerators
        on
            cohorts.measure_kind = 'additive'
            and cohorts.numerator_measure_id = numerators.measure_id
            and cohorts.cohort_id = numerators.cohort_id
    left join {{ ref('measure_cohorts') }} as denominators
        on
            cohorts.denominator_measure_id = denominators.measure_id
            and cohorts.denominator_cohort_id = denominators.cohort_id
),

people as (
    select
        wanted.indicator_cohort_key,
        found.area_key,
        found.month_number,
        found.people
    from {{ ref('area_people') }} as found
    inner join wanted
        on
            found.measure_id = wanted.numerator_measure_id
            and found.events_per_person = wanted.events_per_person
            and found.cohort_id = wanted.cohort_id
            and wanted.measure_kind = 'person_period'
),

medians as (
    select
        wanted.indicator_cohort_key,
        areas.area_key,
        areas.month_number,
        found.period,
        found.median
    from {{ ref('area_medians') }} as found
    inner join wanted
        on
            found.measure_id = wanted.numerator_measure_id
            and found.cohort_id = wanted.cohort_id
            and wanted.measure_kind = 'duration'
    inner join {{ ref('indicator_areas') }} as areas
        on
            found.boundary = areas.boundary
            and found.area_type = areas.area_type
            and found.area_code = areas.area_code
            and found.month = areas.month
),

totals as (
    select
        wanted.*,
        areas.area_key,
        areas.month_number,
        areas.boundary,
        areas.area_type,
        areas.area_code,
        areas.month,
        areas.months_of_life,
        periods.period,
        coalesce(
            case when periods.period = 'month' then numerators.month_total else numerators.rolling_12_months_total end, 0
        ) as total,
        cast(coalesce(
            case when periods.period = 'month' then denominators.month_total else denominators.rolling_12_months_total end, 0
        ) as double)
        / case when periods.period <> 'month' and wanted.denominator_kind = 'population' then 12 else 1 end as denominator
    from wanted
    inner join {{ ref('indicator_areas') }} as areas on wanted.cohort_id = 'all' or areas.has_cohorts
    left join {{ ref('area_periods') }} as numerators
        on
            wanted.numerator_key = numerators.measure_cohort_key
            and areas.area_key = numerators.area_key
            and areas.month_number = numerators.month_number
    left join {{ ref('area_periods') }} as denominators
        on
            wanted.denominator_key = denominators.measure_cohort_key
            and areas.area_key = denominators.area_key
            and areas.month_number = denominators.month_number
    cross join (values ('month'), ('rolling_12_months')) as periods (period)
)

select
    counts.indicator_cohort_key,
    counts.area_key,
    counts.month_number,
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
from totals as counts
left join people
    on
        counts.indicator_cohort_key = people.indicator_cohort_key
        and counts.area_key = people.area_key
        and counts.month_number = people.month_number
left join medians
    on
        counts.indicator_cohort_key = medians.indicator_cohort_key
        and counts.area_key = medians.area_key
        and counts.month_number = medians.month_number
        and counts.period = medians.period
