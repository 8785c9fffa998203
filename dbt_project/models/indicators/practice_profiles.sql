-- What a proposed map of teams needs to know of each practice: its list, its need and what its people used over the last 12 months of the
-- marts. Need: the ICB's own rate of emergency admissions by sex and age, and by deprivation, laid on the practice's list; list × both
-- indices, scaled to the ICB's list. It asks what the ICB's average use would be, so that unmet need is not in it, and as deprivation is
-- not adjusted for age and the deprived are younger, it is rather too little than too much. Without lists by deprivation it is age alone.
-- A count that is not known of the 12 months is null, and need with the admissions; one that lacks a sender or a part is named in
-- `incomplete_counts` (definitions E1).
{% set counted = {
    'gp_appointments': 'gp_appointments_attended', 'ae_attendances': 'ae_attendances_unplanned', 'outpatient_attendances': 'op_attendances',
    'emergency_admissions': 'emergency_admissions', 'occupied_bed_days': 'occupied_bed_days', 'spend_gbp': 'spend_per_head',
} -%}
with

span as (
    select
        last_month as month,
        {{ add_months('last_month', -11) }} as first_month
    from {{ ref('build') }}
),

practices as (
    select
        places.practice_code,
        places.current_practice_code
    from {{ ref('practice_areas') }} as places
    inner join span on places.month = span.month
    where places.boundary = 'marts'
),

cells as (
    select
        practices.current_practice_code as practice_code,
        cells.measure_id,
        cells.month,
        cells.cut,
        concat(cells.sex, ' ', cells.age_band, ' ', cells.imd_quintile) as stratum,
        cells.cut = 'sex_age' or cells.imd_quintile is not null as is_known,
        cells.numerator
    from {{ ref('additive_cells') }} as cells
    inner join practices on cells.practice_code = practices.practice_code
    cross join span
    where
        cells.cohort_id = 'all'
        and cells.month between span.first_month and span.month
        and cells.measure_id in ('registered_population', '{{ counted.values() | join("', '") }}')
),

people as (
    select
        practice_code,
        cut,
        stratum,
        sum(numerator) as people
    from cells
    cross join span
    where measure_id = 'registered_population' and cells.month = span.month and is_known
    group by practice_code, cut, stratum
),

-- the ICB's admissions of a stratum for each of its people
rates as (
    select
        lists.cut,
        lists.stratum,
        cast(coalesce(events.events, 0) as double) / cast(lists.people as double) as rate
    from (
        select
            cut,
            stratum,
            sum(people) as people
        from people
        group by cut, stratum
    ) as lists
    left join (
        select
            cut,
            stratum,
            sum(numerator) as events
        from cells
        where measure_id = 'emergency_admissions'
        group by cut, stratum
    ) as events on lists.cut = events.cut and lists.stratum = events.stratum
    where lists.people > 0
),

expected as (
    select
        people.practice_code,
        people.cut,
        {{ exact_sum('people.people * rates.rate', 12) }} / nullif(cast(sum(people.people) as double), 0) as per_head
    from people
    inner join rates on people.cut = rates.cut and people.stratum = rates.stratum
    group by people.practice_code, people.cut
),

average as (
    select
        people.cut,
        {{ exact_sum('people.people * rates.rate', 12) }} / nullif(cast(sum(people.people) as double), 0) as per_head
    from people
    inner join rates on people.cut = rates.cut and people.stratum = rates.stratum
    group by people.cut
),

indices as (
    select
        expected.practice_code,
        max(expected.per_head / nullif(average.per_head, 0)) filter (where expected.cut = 'sex_age') as age_index,
        max(expected.per_head / nullif(average.per_head, 0)) filter (where expected.cut = 'imd') as deprivation_index
    from expected
    inner join average on expected.cut = average.cut
    group by expected.practice_code
),

-- the cut's own month is never complete for what is dated by admission, which says nothing of the year
known as (
    select
        list(indicator_id) filter (where is_known) as known_ids,
        list(indicator_id) filter (where is_short) as short_ids,
        bool_or(indicator_id = 'emergency_admissions' and is_known and is_known_by_age) as is_need_known
    from (
        select
            cohorts.indicator_id,
            bool_and(months.reason_rank is null and not months.is_icb_only) as is_known,
            bool_and(months.standardised_reason_rank is null) as is_known_by_age,
            bool_or(months.period_status = 'incomplete' and months.month < span.month) as is_short
        from {{ ref('cohort_months') }} as months
        inner join {{ ref('indicator_cohorts') }} as cohorts on months.indicator_cohort_key = cohorts.indicator_cohort_key
        cross join span
        where cohorts.cohort_id = 'all' and months.period = 'month' and months.month between span.first_month and span.month
        group by cohorts.indicator_id
    ) as judged
),

-- a practice that is missing from a month, and a provider that is, whose patients are anybody's
missing as (
    select distinct
        cohorts.indicator_id,
        case senders.sender_kind when 'practice' then senders.sender_code end as practice_code
    from {{ ref('feed_expected_senders') }} as senders
    inner join {{ ref('requirement_months') }} as found on senders.feed = found.feed and senders.month = found.month
    inner join {{ ref('indicator_needs') }} as needs
        on found.requirement = needs.requirement and not needs.is_standardisation and not needs.is_placement
    inner join {{ ref('indicator_cohorts') }} as cohorts
        on needs.indicator_cohort_key = cohorts.indicator_cohort_key and cohorts.cohort_id = 'all'
    cross join span
    where not senders.is_received and senders.property = 'rows' and senders.month between span.first_month and span.month
    union
    select
        'spend_per_head' as indicator_id,
        unpaid.practice_code
    from {{ ref('unpaid_practices') }} as unpaid
    cross join span
    where unpaid.month between span.first_month and span.month
),

gaps as (
    select
        practices.current_practice_code as practice_code,
        list(missing.indicator_id) as lacking_ids
    from practices
    inner join missing on missing.practice_code is null or practices.practice_code = missing.practice_code
    group by practices.current_practice_code
),

-- need stands on every practice's list and on all admissions
need as (
    select
        known.is_need_known,
        list_contains(known.short_ids, 'emergency_admissions')
        or exists (
            select 1
            from missing
            where indicator_id = 'emergency_admissions'
        )
        or exists (
            select 1
            from {{ ref('area_list_gaps') }} as lists
            inner join span on lists.month = span.month
            where lists.boundary = 'marts' and lists.area_type = 'icb' and lists.property <> 'sex'
        ) as is_short
    from known
),

totals as (
    select
        practice_code,
        sum(numerator) filter (where measure_id = 'registered_population' and cells.month = span.month) as registered_population
        {% for name, measure in counted.items() -%}
        , sum(numerator) filter (where measure_id = '{{ measure }}') as {{ name }}
        {% endfor -%}
    from cells
    cross join span
    where cut = 'sex_age'
    group by practice_code
),

weighted as (
    select
        totals.*,
        indices.age_index,
        indices.deprivation_index,
        case
            when need.is_need_known
                then cast(totals.registered_population as double) * coalesce(indices.age_index, 1) * coalesce(indices.deprivation_index, 1)
        end as weight
    from totals
    cross join need
    left join indices on totals.practice_code = indices.practice_code
    where totals.registered_population > 0
),

scale as (
    select
        {{ exact_sum('registered_population', 2) }} as people,
        {{ exact_sum('weight', 9) }} as weights
    from weighted
)

select
    weighted.practice_code,
    span.first_month,
    span.month as last_month,
    cast(weighted.registered_population as bigint) as registered_population,
    case when weighted.weight is not null then weighted.age_index end as age_index,
    case when weighted.weight is not null then weighted.deprivation_index end as deprivation_index,
    weighted.weight * scale.people / nullif(scale.weights, 0) as need_weighted_population
    {% for name, measure in counted.items() -%}
    , case
        when list_contains(known.known_ids, '{{ measure }}') then cast(coalesce(weighted.{{ name }}, 0) as {{ 'decimal(18, 2)' if name == 'spend_gbp' else 'bigint' }})
    end as {{ name }}
    {% endfor -%}
    , concat_ws(
        ';'
        {% for name, measure in counted.items() -%}
        , case
            when
                list_contains(known.known_ids, '{{ measure }}')
                and (list_contains(known.short_ids, '{{ measure }}') or list_contains(gaps.lacking_ids, '{{ measure }}'))
                then '{{ name }}'
        end
        {% endfor -%}
        , case when weighted.weight is not null and need.is_short then 'need_weighted_population' end
    ) as incomplete_counts
from weighted
left join gaps on weighted.practice_code = gaps.practice_code
cross join known
cross join need
cross join scale
cross join span
