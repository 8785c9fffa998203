-- Age-standardised rates (definitions C10). Direct: 19 bands of ESP2013, Dobson's limits on Byar's, with the variance of repeat events;
-- null below 10 events. Indirect: against the ICB's own rates by sex and band in the same period, limits of the observed count.
-- Events where there is nobody (age unknown, an empty band) have no rate and are left out; the weight of an empty band stays (E24).
-- How to read it: `wanted` says what is standardised. Direct: `direct_sums` holds people, events and repeat events of a row's bands side by
-- side and adds over the bands, the rest is arithmetic on four sums. Indirect: `indirect_sexes` holds them against the ICB's bands of the
-- same sex and month, `indirect_sums` adds the sexes. A band is a column (macro age_bands), so no step multiplies rows.
{% set events_of_band = 'case when people.{band} > 0 then coalesce(events.{band}, 0) else 0 end' -%}
with

wanted as (
    select
        cohorts.indicator_cohort_key,
        cohorts.indicator_id,
        cohorts.cohort_id,
        -- by age alone: everybody of a band, unknown sex too
        coalesce(definitions.sex, 'all') as sex,
        cohorts.numerator_measure_id,
        cohorts.denominator_measure_id,
        cohorts.multiplier,
        cohorts.standardisation
    from {{ ref('indicator_cohorts') }} as cohorts
    inner join {{ ref('cohort_definitions') }} as definitions on cohorts.cohort_id = definitions.cohort_id
    where cohorts.standardisation <> 'none'
),

standard as (
    select
        {{ pivot_bands('standard_population') | indent(8) }}
    from {{ ref('esp2013') }}
),

repeats as (
    select
        area_key,
        month_number,
        period,
        measure_id,
        sex,
        {{ pivot_bands('total', 'age_band') | indent(8) }}
    from {{ ref('area_repeat_events') }}
    group by area_key, month_number, period, measure_id, sex
),

areas as (
    select
        areas.*,
        icb.area_key as icb_key
    from {{ ref('indicator_areas') }} as areas
    inner join {{ ref('indicator_areas') }} as icb
        on areas.boundary = icb.boundary and areas.month_number = icb.month_number and icb.area_type = 'icb'
),

direct_sums as (
    select
        wanted.indicator_cohort_key,
        wanted.indicator_id,
        wanted.cohort_id,
        wanted.multiplier,
        people.area_key,
        people.month_number,
        people.period,
        {{ sum_over_bands(events_of_band) | indent(8) }} as events,
        -- the bands that the measure has at all: those in which the ICB has people
        {{ sum_over_bands('case when icb_people.{band} > 0 then standard.{band} else 0 end') | indent(8) }} as standard_population,
        {{ sum_over_bands('case when icb_people.{band} > 0 and people.{band} <= 0 then standard.{band} else 0 end') | indent(8) }} as standard_of_nobody,
        {{ sum_over_bands(
            'case when people.{band} > 0
                then cast(coalesce(events.{band}, 0) as double) / (cast(people.{band} as double) / people.lists) * cast(standard.{band} as double)
            else 0 end'
        ) | indent(8) }} as weighted_rates,
        {{ sum_over_bands(
            'case when people.{band} > 0
                then cast(coalesce(events.{band}, 0) + coalesce(repeats.{band}, 0) as double)
                * power(cast(standard.{band} as double) / (cast(people.{band} as double) / people.lists), 2)
            else 0 end'
        ) | indent(8) }} as weighted_variances
    from wanted
    inner join {{ ref('area_strata') }} as people
        on wanted.denominator_measure_id = people.measure_id and wanted.sex = people.sex
    inner join areas on people.area_key = areas.area_key and people.month_number = areas.month_number
    inner join {{ ref('area_strata') }} as icb_people
        on
            wanted.denominator_measure_id = icb_people.measure_id
            and {{ same_stratum('people', 'icb_people', area_key='areas.icb_key') }}
    left join {{ ref('area_strata') }} as events
        on
            wanted.numerator_measure_id = events.measure_id
            and {{ same_stratum('people', 'events') }}
    left join repeats
        on
            wanted.numerator_measure_id = repeats.measure_id
            and {{ same_stratum('people', 'repeats') }}
    cross join standard
    where wanted.standardisation = 'direct_esp2013'
),

direct_rates as (
    select
        *,
        weighted_rates / standard_population * multiplier as rate,
        weighted_variances / power(standard_population, 2) as variance,
        case
            when events < 10 then 'fewer_than_10_events'
            -- a band without people keeps its weight, as in PHEindicatormethods; above 2 % of it the rate is of too few ages (E24)
            when 50 * standard_of_nobody > standard_population then 'no_population'
        end as reason
    from direct_sums
    where standard_population > 0
),

direct as (
    select
        indicator_cohort_key,
        indicator_id,
        cohort_id,
        area_key,
        month_number,
        period,
        'direct_esp2013' as standardisation,
        events as events_standardised,
        cast(null as double) as expected,
        case when reason is null then rate end as standardised_value,
        case
            when reason is null then rate + sqrt(variance / events) * ({{ byar_95('events', '-') }} - events) * multiplier
        end as standardised_lower_95,
        case
            when reason is null then rate + sqrt(variance / events) * ({{ byar_95('events', '+') }} - events) * multiplier
        end as standardised_upper_95,
        reason as standardised_null_reason
    from direct_rates
),

indirect_sexes as (
    select
        wanted.indicator_cohort_key,
        wanted.indicator_id,
        wanted.cohort_id,
        wanted.multiplier,
        people.area_key,
        people.month_number,
        people.period,
        people.lists,
        areas.icb_key,
        {{ sum_over_bands(events_of_band) | indent(8) }} as events,
        {{ sum_over_bands('people.{band}') | indent(8) }} as people,
        {{ sum_over_bands(
            'case when people.{band} > 0
                then cast(people.{band} as double) * cast(coalesce(icb_events.{band}, 0) as double) / cast(icb_people.{band} as double)
            else 0 end'
        ) | indent(8) }} as expected
    from wanted
    inner join {{ ref('area_strata') }} as people
        on wanted.denominator_measure_id = people.measure_id and people.sex <> 'all'
    inner join areas on people.area_key = areas.area_key and people.month_number = areas.month_number
    left join {{ ref('area_strata') }} as events
        on
            wanted.numerator_measure_id = events.measure_id
            and {{ same_stratum('people', 'events') }}
    inner join {{ ref('area_strata') }} as icb_people
        on
            wanted.denominator_measure_id = icb_people.measure_id
            and {{ same_stratum('people', 'icb_people', area_key='areas.icb_key') }}
    left join {{ ref('area_strata') }} as icb_events
        on
            wanted.numerator_measure_id = icb_events.measure_id
            and {{ same_stratum('people', 'icb_events', area_key='areas.icb_key') }}
    where wanted.standardisation = 'indirect_icb'
),

indirect_sums as (
    select
        indicator_cohort_key,
        indicator_id,
        cohort_id,
        multiplier,
        area_key,
        month_number,
        period,
        icb_key,
        {{ exact_sum('events', 2) }} as events,
        {{ exact_sum('expected', 15) }} as expected,
        {{ exact_sum('people', 2) }} as people,
        max(lists) as lists
    from indirect_sexes
    group by all
    having sum(people) > 0
),

-- the ICB's crude rate over all its strata turns the ratio into a rate
indirect_rates as (
    select
        sums.*,
        icb.events / nullif(icb.people, 0) * icb.lists as reference_rate
    from indirect_sums as sums
    inner join indirect_sums as icb
        on
            sums.indicator_cohort_key = icb.indicator_cohort_key
            and sums.icb_key = icb.area_key
            and sums.month_number = icb.month_number
            and sums.period = icb.period
),

indirect as (
    select
        indicator_cohort_key,
        indicator_id,
        cohort_id,
        area_key,
        month_number,
        period,
        'indirect_icb' as standardisation,
        events as events_standardised,
        expected,
        events / nullif(expected, 0) * reference_rate * multiplier as standardised_value,
        ({{ count_lower_95('events') }}) / nullif(expected, 0) * reference_rate * multiplier as standardised_lower_95,
        ({{ count_upper_95('events') }}) / nullif(expected, 0) * reference_rate * multiplier as standardised_upper_95,
        case when expected = 0 then 'nothing_expected' end as standardised_null_reason
    from indirect_rates
)

select
    areas.boundary,
    areas.area_type,
    areas.area_code,
    areas.month,
    rates.*
from (
    select * from direct
    union all by name
    select * from indirect
) as rates
inner join areas on rates.area_key = areas.area_key and rates.month_number = areas.month_number
where rates.cohort_id = 'all' or areas.has_cohorts
