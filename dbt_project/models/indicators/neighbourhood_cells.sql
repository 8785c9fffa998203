-- Cells of additive measures by team instead of practice, on both boundaries, for the measures that an indicator uses.
-- UNATTRIBUTED and OUT_OF_AREA have no place here: they are in the count marts, in no area row (design 4.5).
with

used as (
    select numerator_measure_id as measure_id
    from {{ ref('indicator_cohorts') }}
    union
    select denominator_measure_id as measure_id
    from {{ ref('indicator_cohorts') }}
),

cells as (
    select cells.*
    from {{ ref('additive_cells') }} as cells
    inner join used on cells.measure_id = used.measure_id
),

located as (
    select
        areas.boundary,
        areas.int_code,
        areas.pcn_code,
        areas.hcp_code,
        cells.measure_id,
        cells.cohort_id,
        cells.cut,
        cells.month,
        cells.sex,
        cells.age_band,
        cells.imd_quintile,
        cells.numerator
    from cells
    inner join {{ ref('practice_areas') }} as areas
        on cells.month = areas.month and cells.practice_code = areas.practice_code
    union all
    select
        boundaries.boundary,
        'ICB_ONLY' as int_code,
        null as pcn_code,
        null as hcp_code,
        cells.measure_id,
        cells.cohort_id,
        cells.cut,
        cells.month,
        cells.sex,
        cells.age_band,
        cells.imd_quintile,
        cells.numerator
    from cells
    cross join (values ('marts'), ('as_at')) as boundaries (boundary)
    where cells.practice_code = 'ICB_ONLY'
)

select
    located.boundary,
    located.int_code,
    located.pcn_code,
    located.hcp_code,
    build.icb_code,
    located.measure_id,
    located.cohort_id,
    located.cut,
    located.month,
    located.sex,
    located.age_band,
    located.imd_quintile,
    cast(sum(located.numerator) as decimal(18, 2)) as numerator
from located
cross join {{ ref('build') }} as build
group by all
