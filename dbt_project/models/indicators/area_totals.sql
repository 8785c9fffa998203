-- Totals of additive measures per area, month and cohort, for the pairs of measure and cohort that an indicator uses. Sparse.
with

used as (
    select
        numerator_measure_id as measure_id,
        cohort_id
    from {{ ref('indicator_cohorts') }}
    where measure_kind = 'additive'
    union
    select
        denominator_measure_id as measure_id,
        denominator_cohort_id as cohort_id
    from {{ ref('indicator_cohorts') }}
),

cohort_cells as (
    select
        cells.boundary,
        cells.int_code,
        cells.pcn_code,
        cells.hcp_code,
        cells.icb_code,
        used.measure_id,
        used.cohort_id,
        cells.month,
        cast(sum(cells.numerator) as decimal(18, 2)) as total
    from used
    inner join {{ ref('cohort_strata') }} as strata on used.cohort_id = strata.cohort_id
    inner join {{ ref('neighbourhood_cells') }} as cells
        on
            used.measure_id = cells.measure_id
            and strata.cell_cohort_id = cells.cohort_id
            and strata.cut = cells.cut
            and strata.sex = cells.sex
            and strata.age_band = cells.age_band
            and coalesce(strata.imd_quintile, 0) = coalesce(cells.imd_quintile, 0)
    group by all
)

{{ sum_to_areas(
    'cohort_cells',
    ['boundary', 'measure_id', 'cohort_id', 'month'],
    {'total': 'cast(sum(total) as decimal(18, 2))'}
) }}
