-- Each figure with its limits, or the reason why there is none. On both boundaries; the marts are cuts of this.
with

judged as (
    select
        counts.*,
        cohorts.definition_version,
        cohorts.multiplier,
        cohorts.measure_kind,
        cohorts.denominator_kind,
        cohorts.limits,
        cohorts.minimum_count,
        cohorts.standardisation as wanted_standardisation,
        case
            when gaps.indicator_id is not null then 'incomplete'
            else months.period_status
        end as period_status,
        case
            when not months.is_covered then 'not_delivered'
            when counts.period = 'month' and cohorts.measure_kind = 'person_period' then 'twelve_months_only'
            when counts.period = 'rolling_12_months' and counts.months_of_life < 12 then 'fewer_than_12_months'
            when
                cohorts.months_of_history is not null
                and counts.month < {{ add_months('build.first_month', "cohorts.months_of_history + case when counts.period = 'month' then 0 else 11 end") }}
                then 'history_too_short'
            when not months.is_followed_up then 'follow_up_not_over'
            when measure_gaps.is_icb_only and counts.area_type <> 'icb' then 'published_for_icb_only'
            when measure_gaps.lacks_category then 'not_recorded'
            when measure_gaps.lacks_age and cohorts.cohort_kind = 'age' then 'not_recorded'
            when measure_gaps.lacks_sex and cohorts.cohort_kind = 'sex' then 'not_recorded'
            when measure_gaps.lacks_deprivation and cohorts.cohort_kind = 'imd_quintile' then 'not_recorded'
            when counts.denominator <= 0 and cohorts.denominator_kind = 'population' then 'no_population'
            when counts.denominator <= 0 then 'nothing_to_divide_by'
            when
                cohorts.minimum_count > 0
                and counts.denominator < cohorts.minimum_count
                then 'below_minimum_count'
        end as null_reason
    from {{ ref('indicator_counts') }} as counts
    inner join {{ ref('indicator_cohorts') }} as cohorts
        on counts.indicator_cohort_key = cohorts.indicator_cohort_key
    inner join {{ ref('indicator_months') }} as months
        on counts.indicator_id = months.indicator_id and counts.month = months.month and counts.period = months.period
    cross join {{ ref('build') }} as build
    left join {{ ref('indicator_area_gaps') }} as gaps
        on
            counts.indicator_id = gaps.indicator_id
            and counts.boundary = gaps.boundary
            and counts.area_type = gaps.area_type
            and counts.area_code = gaps.area_code
            and counts.month = gaps.month
            and counts.period = gaps.period
    left join {{ ref('measure_gaps') }} as measure_gaps
        on
            cohorts.numerator_measure_id = measure_gaps.measure_id
            and counts.month = measure_gaps.month
            and counts.period = measure_gaps.period
),

shown as (
    select
        * exclude (numerator, denominator),
        -- a numerator that is not known is not shown as nought
        case
            when null_reason in (
                'not_delivered', 'twelve_months_only', 'fewer_than_12_months', 'history_too_short', 'published_for_icb_only',
                'not_recorded'
            ) then null
            else numerator
        end as numerator,
        case
            when null_reason in ('fewer_than_12_months') or (null_reason is not null and denominator_kind = 'activity' and denominator = 0)
                then null
            else denominator
        end as denominator
    from judged
),

-- worked out twice, for all areas and for the ICB alone, which is cheaper than to keep every column of every row in between
valued as not materialized (
    select
        shown.*,
        case
            when null_reason is not null then null
            when measure_kind = 'duration' then median
            else numerator / denominator * multiplier
        end as value,
        case
            when null_reason is null and limits = 'wilson' then {{ wilson_lower_95('numerator', 'denominator') }}
            when null_reason is null and limits = 'poisson' then {{ crude_rate_lower_95('numerator', 'denominator', 'multiplier') }}
        end as value_lower_95,
        case
            when null_reason is null and limits = 'wilson' then {{ wilson_upper_95('numerator', 'denominator') }}
            when null_reason is null and limits = 'poisson' then {{ crude_rate_upper_95('numerator', 'denominator', 'multiplier') }}
        end as value_upper_95,
        case
            when null_reason is not null then 'none'
            when limits = 'wilson' then 'wilson'
            when limits = 'poisson' and numerator < 10 then 'exact_poisson'
            when limits = 'poisson' then 'byar'
            else 'none'
        end as limit_method
    from shown
),

icb as (
    select
        indicator_cohort_key,
        boundary,
        month_number,
        period,
        numerator,
        denominator
    from valued
    where area_type = 'icb'
)

select
    valued.indicator_id,
    valued.cohort_id,
    valued.boundary,
    valued.area_type,
    valued.area_code,
    valued.month,
    valued.period,
    valued.definition_version,
    valued.numerator,
    valued.denominator,
    valued.multiplier,
    valued.value,
    valued.value_lower_95,
    valued.value_upper_95,
    valued.limit_method,
    case when valued.null_reason is null then rates.standardised_value end as standardised_value,
    case when valued.null_reason is null then rates.standardised_lower_95 end as standardised_lower_95,
    case when valued.null_reason is null then rates.standardised_upper_95 end as standardised_upper_95,
    valued.wanted_standardisation as standardisation,
    case
        when valued.wanted_standardisation = 'none' then null
        when valued.null_reason is not null then valued.null_reason
        when rates.indicator_id is null then 'no_ages'
        else rates.standardised_null_reason
    end as standardised_null_reason,
    rates.expected,
    -- the rest of the ICB: what the area's own figure stands beside
    case
        when valued.value is null or valued.area_type = 'icb' or valued.measure_kind <> 'additive' then null
        when icb.denominator - valued.denominator > 0
            then (icb.numerator - valued.numerator) / (icb.denominator - valued.denominator) * valued.multiplier
    end as comparator_value,
    valued.period_status,
    valued.null_reason
from valued
left join {{ ref('standardised_rates') }} as rates
    on
        valued.indicator_cohort_key = rates.indicator_cohort_key
        and valued.area_key = rates.area_key
        and valued.month_number = rates.month_number
        and valued.period = rates.period
left join icb
    on
        valued.indicator_cohort_key = icb.indicator_cohort_key
        and valued.boundary = icb.boundary
        and valued.month_number = icb.month_number
        and valued.period = icb.period
