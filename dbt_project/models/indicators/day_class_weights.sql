-- How much a Monday, a Sunday, a bank holiday counts for each measure, relative to its mean day (definitions E15): estimated from the ICB's
-- own dated events of up to 36 months (basis `own_days`). Only months whose dated events are all there are: in a month of published counts
-- the rest has no days. Without an estimate, also below 1,000 events, where a weekday's weight would be wrong by a tenth, what general
-- practice publishes by the month counts weekdays less bank holidays (`working_days`) and all else every day alike (`every_day`).
{% set least_events = 1000 -%}
{% set published = gp_appointment_measures().keys() | list + ['online_consultations'] -%}
with

cells as materialized (
    select
        measure_id,
        month,
        cut,
        day_class,
        {{ exact_sum('numerator', 2) }} as events
    from {{ ref('additive_cells') }}
    where cohort_id = 'all' and cut in ('day_class', 'imd')
    group by measure_id, month, cut, day_class
),

dated_months as (
    select
        measure_id,
        month
    from cells
    group by measure_id, month
    having sum(events) filter (where cut = 'day_class') = sum(events) filter (where cut = 'imd')
),

placed as (
    select
        dated_months.measure_id,
        {{ month_number('days.month') }} as month_number,
        days.day_class,
        days.days,
        coalesce(cells.events, 0) as events
    from dated_months
    cross join {{ ref('build') }} as build
    inner join {{ ref('month_day_classes') }} as days on dated_months.month = days.month
    left join cells
        on
            cells.cut = 'day_class'
            and dated_months.measure_id = cells.measure_id
            and dated_months.month = cells.month
            and days.day_class = cells.day_class
    where dated_months.month > {{ add_months(month_start('build.data_cut'), -36) }}
),

estimated as (
    select
        measure_id,
        day_class_weights(
            list(cast(month_number as bigint) order by month_number, day_class),
            list(cast(day_class as bigint) order by month_number, day_class),
            list(cast(days as double) order by month_number, day_class),
            list(events order by month_number, day_class)
        ) as weights
    from placed
    group by measure_id
    having sum(events) >= {{ least_events }}
),

measures as (
    select distinct numerator_measure_id as measure_id
    from {{ ref('indicator_catalogue') }}
    where measure_kind = 'additive'
)

select
    measures.measure_id,
    cast(classes.day_class as integer) as day_class,
    case
        when estimated.measure_id is not null then 'own_days'
        when measures.measure_id in ('{{ published | join("', '") }}') then 'working_days'
        else 'every_day'
    end as calendar_basis,
    cast(
        case
            -- a class that no month of the estimate held (a bank holiday in a short history) weighs as a Sunday
            when estimated.measure_id is not null then coalesce(estimated.weights[classes.day_class], estimated.weights[7])
            when measures.measure_id in ('{{ published | join("', '") }}') then case when classes.day_class <= 5 then 1.4 else 0 end
            else 1
        end as decimal(18, 6)
    ) as day_weight
from measures
cross join (select unnest(range(1, 9)) as day_class) as classes
left join estimated on measures.measure_id = estimated.measure_id
