-- What a proposed map of teams needs to know of each practice: its list, its need and what its people used over the last 12 months of the
-- marts. Need: the ICB's own rate of emergency admissions by sex and age, and by deprivation, laid on the practice's list; list × both
-- indices, scaled to the ICB's list. It asks what the ICB's average use would be, so that unmet need is not in it, and as deprivation is
-- not adjusted for age and the deprived are younger, it is rather too little than too much. Without lists by deprivation it is age alone.
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
        cast(totals.registered_population as double) * coalesce(indices.age_index, 1) * coalesce(indices.deprivation_index, 1) as weight
    from totals
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
    weighted.age_index,
    weighted.deprivation_index,
    weighted.weight * scale.people / nullif(scale.weights, 0) as need_weighted_population
    {% for name in counted -%}
    , cast(weighted.{{ name }} as {{ 'decimal(18, 2)' if name == 'spend_gbp' else 'bigint' }}) as {{ name }}
    {% endfor %}
from weighted
cross join scale
cross join span
