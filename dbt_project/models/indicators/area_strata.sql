-- Events and people per area, month, sex and five-year band, for the indicators that are standardised; one row wherever there are
-- people, for the month and for the 12 months that end with it. What falls where there is nobody (age unknown, an empty band) has no
-- rate and is left out, and counted by the model that uses this.
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
    from strata as people
    inner join pairs on people.measure_id = pairs.denominator_measure_id
    left join strata as events
        on
            pairs.numerator_measure_id = events.measure_id
            and people.boundary = events.boundary
            and people.area_type = events.area_type
            and people.area_code = events.area_code
            and people.month = events.month
            and people.sex = events.sex
            and people.age_band = events.age_band
    where people.total > 0
)

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
