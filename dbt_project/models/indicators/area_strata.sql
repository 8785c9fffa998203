-- Events and people per area, month, sex and five-year band, for the indicators that are standardised; one row wherever there are
-- people, for the month and for the 12 months that end with it. What falls where there is nobody (age unknown, an empty band) has no
-- rate and is left out, and counted by the model that uses this. Sex `all` is everybody of the band, so that a rate standardised by
-- age alone keeps events of unknown sex (definitions C10), and a band counts that had people in any of the 12 months.
with

pairs as (
    select distinct
        numerator_measure_id,
        denominator_measure_id
    from {{ ref('indicator_cohorts') }}
    where standardisation <> 'none'
),

measures as (
    select numerator_measure_id as measure_id
    from pairs
    union
    select denominator_measure_id as measure_id
    from pairs
),

cells as (
    select cells.*
    from {{ ref('neighbourhood_cells') }} as cells
    inner join measures on cells.measure_id = measures.measure_id
    inner join {{ ref('esp2013') }} as bands on cells.age_band = bands.age_band
    where cells.cohort_id = 'all' and cells.cut = 'sex_age'
),

strata as (
    {{ sum_to_areas(
        'cells',
        ['boundary', 'measure_id', 'month', 'sex', 'age_band'],
        {'total': 'cast(sum(numerator) as decimal(18, 2))'}
    ) | indent(4) }}
),

strata_and_all as (
    select * from strata
    union all by name
    select
        * exclude (sex, total),
        'all' as sex,
        cast(sum(total) as decimal(18, 2)) as total
    from strata
    group by all
),

-- a band of everybody has a row in every month, so that its 12 months are summed even when nobody was left at their end
lists as (
    select
        boundary,
        area_type,
        area_code,
        measure_id,
        month,
        sex,
        age_band,
        total
    from strata
    where total > 0
    union all
    select
        bands.boundary,
        bands.area_type,
        bands.area_code,
        bands.measure_id,
        months.month,
        'all' as sex,
        bands.age_band,
        coalesce(found.total, 0) as total
    from (
        select distinct
            boundary,
            area_type,
            area_code,
            measure_id,
            age_band
        from strata
        where total > 0
    ) as bands
    cross join {{ ref('months') }} as months
    left join strata_and_all as found
        on
            bands.boundary = found.boundary
            and bands.area_type = found.area_type
            and bands.area_code = found.area_code
            and bands.measure_id = found.measure_id
            and months.month = found.month
            and found.sex = 'all'
            and bands.age_band = found.age_band
),

monthly as (
    select
        people.boundary,
        people.area_type,
        people.area_code,
        people.month,
        {{ month_number('people.month') }} as month_number,
        pairs.numerator_measure_id,
        pairs.denominator_measure_id,
        people.sex,
        people.age_band,
        coalesce(events.total, 0) as events,
        people.total as people
    from lists as people
    inner join pairs on people.measure_id = pairs.denominator_measure_id
    left join strata_and_all as events
        on
            pairs.numerator_measure_id = events.measure_id
            and people.boundary = events.boundary
            and people.area_type = events.area_type
            and people.area_code = events.area_code
            and people.month = events.month
            and people.sex = events.sex
            and people.age_band = events.age_band
),

periods as (
    select
        * exclude (month_number),
        'month' as period,
        1 as lists
    from monthly
    union all by name
    select
        * exclude (month_number, events, people),
        cast(sum(events) over last_12_months as decimal(18, 2)) as events,
        -- people on 12 monthly lists, kept whole so that sums stay exact; a rate divides by `lists`
        cast(sum(people) over last_12_months as decimal(18, 2)) as people,
        'rolling_12_months' as period,
        12 as lists
    from monthly
    window last_12_months as (
        partition by boundary, area_type, area_code, numerator_measure_id, denominator_measure_id, sex, age_band
        order by month_number range between 11 preceding and current row
    )
)

select *
from periods
where people > 0
