-- The same, dense, for the month and for the 12 months that end with it; a month in which nothing was counted is a nought here, and
-- whether it may be read as one is decided where the indicator is put together.
with

used as (
    select distinct
        measure_id,
        cohort_id
    from {{ ref('area_totals') }}
)

select
    areas.boundary,
    areas.area_type,
    areas.area_code,
    areas.month,
    used.measure_id,
    used.cohort_id,
    coalesce(totals.total, 0) as month_total,
    cast(sum(coalesce(totals.total, 0)) over (
        partition by areas.boundary, areas.area_type, areas.area_code, used.measure_id, used.cohort_id
        order by areas.month_number range between 11 preceding and current row
    ) as decimal(18, 2)) as rolling_12_months_total
from {{ ref('indicator_areas') }} as areas
cross join used
left join {{ ref('area_totals') }} as totals
    on
        areas.boundary = totals.boundary
        and areas.area_type = totals.area_type
        and areas.area_code = totals.area_code
        and areas.month = totals.month
        and used.measure_id = totals.measure_id
        and used.cohort_id = totals.cohort_id
