-- Totals of additive measures per area, month and cohort, for the pairs of measure and cohort that an indicator uses. Sparse: cells are
-- summed over ages, sexes and quintiles practice by practice before they are placed.
with

practice_totals as (
    select
        used.measure_cohort_key,
        used.cohort_id = 'all' as is_everybody,
        cells.month,
        cells.practice_code,
        cast(sum(cells.numerator) as decimal(18, 2)) as total
    from {{ ref('measure_cohorts') }} as used
    inner join {{ ref('cohort_strata') }} as strata on used.cohort_id = strata.cohort_id
    inner join {{ ref('additive_cells') }} as cells
        on
            used.measure_id = cells.measure_id
            and strata.cell_cohort_id = cells.cohort_id
            and strata.cut = cells.cut
            and strata.sex = cells.sex
            and strata.age_band = cells.age_band
            and coalesce(strata.imd_quintile, 0) = coalesce(cells.imd_quintile, 0)
    group by all
)

select
    areas.area_key,
    areas.month_number,
    totals.measure_cohort_key,
    cast(sum(totals.total) as decimal(18, 2)) as total
from practice_totals as totals
inner join {{ ref('practice_area_keys') }} as areas
    on totals.practice_code = areas.practice_code and totals.month = areas.month
where totals.is_everybody or areas.has_cohorts
group by all
