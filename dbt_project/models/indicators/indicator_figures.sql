-- Each figure with its limits, or the reason why there is none. On both boundaries; the marts are cuts of this.
-- How to read it: `judged` lays what is known (measure_knowledge) on the counts and adds what their numbers forbid, `shown` blanks what is not
-- known, `valued` divides and sets limits; beside it stand the rates by age (standardised_rates) and the rest of the ICB: its own sums (`icb`)
-- less the area and less the areas that lack something (`left_out`).
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
        known.period_status,
        known.standardised_null_reason as knowledge_of_ages,
        known.is_left_out,
        -- what is known of the events and the people, then what their numbers allow
        case
            when known.null_reason = 'not_delivered' then 'not_delivered'
            when counts.period = 'month' and cohorts.measure_kind = 'person_period' then 'twelve_months_only'
            when counts.period = 'rolling_12_months' and counts.months_of_life < 12 then 'fewer_than_12_months'
            when known.null_reason is not null then known.null_reason
            when counts.denominator <= 0 and cohorts.denominator_kind = 'population' then 'no_population'
            when counts.denominator <= 0 then 'nothing_to_divide_by'
            when cohorts.minimum_count > 0 and counts.denominator < cohorts.minimum_count then 'below_minimum_count'
        end as null_reason
    from {{ ref('indicator_counts') }} as counts
    inner join {{ ref('indicator_cohorts') }} as cohorts
        on counts.indicator_cohort_key = cohorts.indicator_cohort_key
    inner join {{ ref('measure_knowledge') }} as known
        on
            counts.indicator_cohort_key = known.indicator_cohort_key
            and counts.area_key = known.area_key
            and counts.month_number = known.month_number
            and counts.period = known.period
),

-- what is not known is not shown as a number either
shown as (
    select
        * exclude (numerator, denominator),
        case when is_known then numerator end as numerator,
        case when is_known and not (null_reason is not null and denominator_kind = 'activity' and denominator = 0) then denominator end as denominator
    from (
        select
            *,
            coalesce(null_reason in ('no_population', 'nothing_to_divide_by', 'below_minimum_count'), true) as is_known
        from judged
    ) as known_or_not
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
),

-- areas that lack something are in nobody's comparator, above and below the line (definitions E1)
left_out as (
    select
        indicator_cohort_key,
        boundary,
        area_type,
        month_number,
        period,
        cast(sum(cast(numerator as decimal(38, 9))) as double) as numerator,
        cast(sum(cast(denominator as decimal(38, 9))) as double) as denominator
    from judged
    where is_left_out and area_type <> 'icb'
    group by indicator_cohort_key, boundary, area_type, month_number, period
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
    case when valued.null_reason is null and valued.knowledge_of_ages is null then rates.standardised_value end as standardised_value,
    case when valued.null_reason is null and valued.knowledge_of_ages is null then rates.standardised_lower_95 end as standardised_lower_95,
    case when valued.null_reason is null and valued.knowledge_of_ages is null then rates.standardised_upper_95 end as standardised_upper_95,
    valued.wanted_standardisation as standardisation,
    case
        when valued.wanted_standardisation = 'none' then null
        when valued.null_reason is not null then valued.null_reason
        when valued.knowledge_of_ages is not null then valued.knowledge_of_ages
        when rates.indicator_id is null then 'no_ages'
        else rates.standardised_null_reason
    end as standardised_null_reason,
    case when valued.knowledge_of_ages is null then rates.expected end as expected,
    -- the rest of the ICB: what the area's own figure stands beside
    case
        when valued.value is null or valued.area_type = 'icb' or valued.measure_kind <> 'additive' then null
        when icb.denominator - coalesce(left_out.denominator, 0) - case when valued.is_left_out then 0 else valued.denominator end > 0
            then
                (icb.numerator - coalesce(left_out.numerator, 0) - case when valued.is_left_out then 0 else valued.numerator end)
                / (icb.denominator - coalesce(left_out.denominator, 0) - case when valued.is_left_out then 0 else valued.denominator end)
                * valued.multiplier
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
left join left_out
    on
        valued.indicator_cohort_key = left_out.indicator_cohort_key
        and valued.boundary = left_out.boundary
        and valued.area_type = left_out.area_type
        and valued.month_number = left_out.month_number
        and valued.period = left_out.period
