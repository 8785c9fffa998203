-- Funnels (definitions C10, E17, E24): observed against expected events of each area over 12 months, z-scores winsorised at the 10th and
-- 90th percentile of the areas of the type, and what over-dispersion they show. Expected comes from the pooled rate of those areas, or
-- from the ICB's rates by sex and age where the indicator is standardised indirectly. The variance of a count is its expectation, that of a
-- proportion's numerator (1 - p) times it: `variance_share`. Over-dispersion is on the relative scale. Incomplete periods have no place in
-- a funnel. Of everybody.
with

points as (
    select
        figures.indicator_id,
        figures.cohort_id,
        figures.area_type,
        figures.area_code,
        figures.month,
        case when figures.expected is null then figures.numerator else rates.events_standardised end as observed,
        figures.numerator,
        figures.denominator,
        figures.multiplier,
        figures.expected as standardised_expected,
        cohorts.limits = 'wilson' as is_proportion,
        figures.period_status
    from {{ ref('indicator_figures') }} as figures
    inner join {{ ref('indicator_cohorts') }} as cohorts
        on figures.indicator_id = cohorts.indicator_id and figures.cohort_id = cohorts.cohort_id
    left join {{ ref('standardised_rates') }} as rates
        on
            figures.indicator_id = rates.indicator_id
            and figures.cohort_id = rates.cohort_id
            and figures.boundary = rates.boundary
            and figures.area_type = rates.area_type
            and figures.area_code = rates.area_code
            and figures.month = rates.month
            and figures.period = rates.period
    where
        figures.boundary = 'marts'
        and figures.period = 'rolling_12_months'
        and figures.cohort_id = 'all'
        and figures.area_type <> 'icb'
        and figures.value is not null
        and figures.period_status <> 'incomplete'
        and cohorts.limits <> 'none'
),

pooled as (
    select
        *,
        cast(sum(cast(numerator as decimal(38, 6))) over areas_of_type as double)
        / cast(sum(cast(denominator as decimal(38, 6))) over areas_of_type as double) as pooled_rate
    from points
    window areas_of_type as (partition by indicator_id, cohort_id, area_type, month)
),

varied as (
    select
        *,
        coalesce(standardised_expected, denominator * pooled_rate) as expected_events,
        case when is_proportion then 1.0 - pooled_rate else 1.0 end as variance_share
    from pooled
),

expected as (
    select
        *,
        (observed - expected_events) / sqrt(expected_events * variance_share) as z_score
    from varied
    -- where nobody could be otherwise (a proportion of 0 or 1) there is nothing to compare
    where expected_events > 0 and variance_share > 0
),

percentiles as (
    select
        *,
        quantile_cont(z_score, 0.1) over areas_of_type as z_10,
        quantile_cont(z_score, 0.9) over areas_of_type as z_90
    from expected
    window areas_of_type as (partition by indicator_id, cohort_id, area_type, month)
),

sums as (
    select
        *,
        count(*) over areas_of_type as areas,
        cast(sum(cast(power(least(greatest(z_score, z_10), z_90), 2) as decimal(38, 12))) over areas_of_type as double)
        / count(*) over areas_of_type as phi,
        cast(sum(cast(expected_events / variance_share as decimal(38, 9))) over areas_of_type as double) as sum_weights,
        cast(sum(cast(power(expected_events / variance_share, 2) as decimal(38, 6))) over areas_of_type as double) as sum_squared_weights
    from percentiles
    window areas_of_type as (partition by indicator_id, cohort_id, area_type, month)
)

select
    indicator_id,
    cohort_id,
    area_type,
    area_code,
    month,
    observed,
    expected_events as expected,
    pooled_rate * multiplier as pooled_value,
    observed / expected_events * pooled_rate * multiplier as value,
    period_status,
    is_proportion,
    variance_share,
    case
        when areas > 1
            then greatest(0.0, (areas * phi - (areas - 1)) / nullif(sum_weights - sum_squared_weights / sum_weights, 0))
        else 0.0
    end as dispersion
from sums
