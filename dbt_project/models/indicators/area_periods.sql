-- The same for the month and for the 12 months that end with it. Dense over the months of an area that ever counted anything; what has
-- no row is a nought, and whether it may be read as one is decided where the indicator is put together.
with

counted as (
    select distinct
        area_key,
        measure_cohort_key
    from {{ ref('area_totals') }}
)

select
    areas.area_key,
    areas.month_number,
    counted.measure_cohort_key,
    coalesce(totals.total, 0) as month_total,
    cast(sum(coalesce(totals.total, 0)) over (
        partition by areas.area_key, counted.measure_cohort_key order by areas.month_number range between 11 preceding and current row
    ) as decimal(18, 2)) as rolling_12_months_total
from counted
inner join {{ ref('indicator_areas') }} as areas on counted.area_key = areas.area_key
left join {{ ref('area_totals') }} as totals
    on
        areas.area_key = totals.area_key
        and areas.month_number = totals.month_number
        and counted.measure_cohort_key = totals.measure_cohort_key
