-- Age-standardised rates (definitions C10). Direct: 19 bands of ESP2013, Dobson's limits on Byar's, with the variance of repeat events;
-- null below 10 events. Indirect: against the ICB's own rates by sex and band in the same period, limits of the observed count.
with

wanted as (
    select
        cohorts.indicator_id,
        cohorts.cohort_id,
        cohorts.cohort_kind,
        definitions.sex as cohort_sex,
        cohorts.numerator_measure_id,
        cohorts.denominator_measure_id,
        cohorts.multiplier,
        cohorts.standardisation
    from {{ ref('indicator_cohorts') }} as cohorts
    inner join {{ ref('cohort_definitions') }} as definitions on cohorts.cohort_id = definitions.cohort_id
    where cohorts.standardisation <> 'none'
),

repeats as (
    select *
    from {{ ref('area_repeat_events') }}
    where cohort_id = 'all'
    union all by name
    select
        * exclude (sex, total),
        'all' as sex,
        sum(total) as total
    from {{ ref('area_repeat_events') }}
    where cohort_id = 'all'
    group by all
),

strata as (
    select
        strata.*,
        strata.events + coalesce(repeats.total, 0) as squared_events
    from {{ ref('area_strata') }} as strata
    left join repeats
        on
            strata.numerator_measure_id = repeats.measure_id
            and strata.boundary = repeats.boundary
            and strata.area_type = repeats.area_type
            and strata.area_code = repeats.area_code
            and strata.month = repeats.month
            and strata.period = repeats.period
            and strata.sex = repeats.sex
            and strata.age_band = repeats.age_band
),

bands as (
    select
        wanted.indicator_id,
        wanted.cohort_id,
        wanted.multiplier,
        strata.boundary,
        strata.area_type,
        strata.area_code,
        strata.month,
        strata.period,
        strata.age_band,
        standard.standard_population,
        strata.lists,
        sum(strata.events) as events,
        sum(strata.squared_events) as squared_events,
        cast(sum(strata.people) as double) / max(strata.lists) as people
    from wanted
    inner join strata
        on
            wanted.numerator_measure_id = strata.numerator_measure_id
            and wanted.denominator_measure_id = strata.denominator_measure_id
            -- by age alone: everybody of a band, unknown sex too
            and strata.sex = case when wanted.cohort_kind = 'all' then 'all' else wanted.cohort_sex end
    inner join {{ ref('esp2013') }} as standard on strata.age_band = standard.age_band
    where wanted.standardisation = 'direct_esp2013'
    group by all
),

direct_sums as (
    select
        indicator_id,
        cohort_id,
        boundary,
        area_type,
        area_code,
        month,
        period,
        cast(sum(events) as double) as events,
        sum(standard_population) as standard_population,
        {{ exact_sum('cast(events as double) / people * standard_population') }} / sum(standard_population) * multiplier as rate,
        {{ exact_sum('cast(squared_events as double) * power(standard_population / people, 2)', 12) }}
        / power(cast(sum(standard_population) as double), 2) as variance,
        multiplier
    from bands
    group by indicator_id, cohort_id, boundary, area_type, area_code, month, period, multiplier
),

direct as (
    select
        indicator_id,
        cohort_id,
        boundary,
        area_type,
        area_code,
        month,
        period,
        'direct_esp2013' as standardisation,
        events as events_standardised,
        cast(null as double) as expected,
        case when events >= 10 then rate end as standardised_value,
        case
            when events >= 10 then rate + sqrt(variance / events) * ({{ byar_95('events', '-') }} - events) * multiplier
        end as standardised_lower_95,
        case
            when events >= 10 then rate + sqrt(variance / events) * ({{ byar_95('events', '+') }} - events) * multiplier
        end as standardised_upper_95,
        case when events < 10 then 'fewer_than_10_events' end as standardised_null_reason
    from direct_sums
),

reference as (
    select
        boundary,
        month,
        period,
        numerator_measure_id,
        denominator_measure_id,
        sex,
        age_band,
        events,
        people
    from strata
    where area_type = 'icb' and sex <> 'all'
),

indirect_sums as (
    select
        wanted.indicator_id,
        wanted.cohort_id,
        strata.boundary,
        strata.area_type,
        strata.area_code,
        strata.month,
        strata.period,
        wanted.multiplier,
        cast(sum(strata.events) as double) as events,
        {{ exact_sum('cast(strata.people as double) * cast(reference.events as double) / cast(reference.people as double)', 15) }} as expected,
        cast(sum(reference.events) as double) / nullif(cast(sum(reference.people) as double), 0) * max(strata.lists) as reference_rate
    from wanted
    inner join strata
        on
            wanted.numerator_measure_id = strata.numerator_measure_id
            and wanted.denominator_measure_id = strata.denominator_measure_id
            and (wanted.cohort_kind = 'all' or wanted.cohort_sex = strata.sex)
    inner join reference
        on
            strata.boundary = reference.boundary
            and strata.month = reference.month
            and strata.period = reference.period
            and strata.numerator_measure_id = reference.numerator_measure_id
            and strata.denominator_measure_id = reference.denominator_measure_id
            and strata.sex = reference.sex
            and strata.age_band = reference.age_band
    where wanted.standardisation = 'indirect_icb'
    group by all
),

-- the ICB's crude rate over all its strata turns the ratio into a rate
reference_rates as (
    select
        indicator_id,
        cohort_id,
        boundary,
        month,
        period,
        reference_rate
    from indirect_sums
    where area_type = 'icb'
),

indirect as (
    select
        sums.indicator_id,
        sums.cohort_id,
        sums.boundary,
        sums.area_type,
        sums.area_code,
        sums.month,
        sums.period,
        'indirect_icb' as standardisation,
        sums.events as events_standardised,
        sums.expected,
        sums.events / nullif(sums.expected, 0) * rates.reference_rate * sums.multiplier as standardised_value,
        ({{ count_lower_95('sums.events') }}) / nullif(sums.expected, 0) * rates.reference_rate * sums.multiplier as standardised_lower_95,
        ({{ count_upper_95('sums.events') }}) / nullif(sums.expected, 0) * rates.reference_rate * sums.multiplier as standardised_upper_95,
        case when sums.expected = 0 then 'nothing_expected' end as standardised_null_reason
    from indirect_sums as sums
    inner join reference_rates as rates
        on
            sums.indicator_id = rates.indicator_id
            and sums.cohort_id = rates.cohort_id
            and sums.boundary = rates.boundary
            and sums.month = rates.month
            and sums.period = rates.period
)

select * from direct
union all by name
select * from indirect
