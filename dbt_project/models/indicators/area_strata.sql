-- Events and people by five-year band, for the measures that a standardised rate stands on: one row per area, month, period and sex, one
-- column per band (macro age_bands). Sex `all` is everybody of the band, unknown sex too, as rates are standardised by age alone
-- (definitions C10). Rolling sums are of 12 monthly lists, kept whole so that they stay exact; a rate divides people by `lists`.
with

-- sexes are kept where a cohort is a sex, and where the ICB's rates by sex are the standard
measures as (
    select
        measure_id,
        bool_or(is_by_sex) as is_by_sex
    from (
        select
            unnest([numerator_measure_id, denominator_measure_id]) as measure_id,
            cohort_kind = 'sex' or standardisation = 'indirect_icb' as is_by_sex
        from {{ ref('indicator_cohorts') }}
        where standardisation <> 'none'
    ) as both_sides
    group by measure_id
),

practice_bands as (
    select
        cells.measure_id,
        cells.month,
        cells.practice_code,
        case when measures.is_by_sex then cells.sex else 'all' end as sex,
        {{ pivot_bands('cells.numerator', 'cells.age_band') | indent(8) }}
    from {{ ref('additive_cells') }} as cells
    inner join measures on cells.measure_id = measures.measure_id
    where cells.cohort_id = 'all' and cells.cut = 'sex_age'
    group by all
),

area_bands as (
    select
        areas.area_key,
        areas.month_number,
        bands.measure_id,
        bands.sex,
        {{ each_band('cast(sum(bands.{band}) as decimal(18, 2))') | indent(8) }}
    from practice_bands as bands
    inner join {{ ref('practice_area_keys') }} as areas
        on bands.practice_code = areas.practice_code and bands.month = areas.month
    group by areas.area_key, areas.month_number, bands.measure_id, bands.sex
),

with_everybody as (
    select * from area_bands
    union all by name
    select
        area_key,
        month_number,
        measure_id,
        'all' as sex,
        {{ each_band('cast(sum({band}) as decimal(18, 2))') | indent(8) }}
    from area_bands
    where sex <> 'all'
    group by area_key, month_number, measure_id
),

-- a row in every month, so that 12 months are summed even where nobody was left at their end
dense as (
    select
        present.area_key,
        areas.month_number,
        present.measure_id,
        present.sex,
        {{ each_band('coalesce(found.{band}, 0)') | indent(8) }}
    from (
        select distinct
            area_key,
            measure_id,
            sex
        from area_bands
        union
        select distinct
            area_key,
            measure_id,
            'all' as sex
        from area_bands
    ) as present
    inner join {{ ref('indicator_areas') }} as areas on present.area_key = areas.area_key
    left join with_everybody as found
        on
            areas.area_key = found.area_key
            and areas.month_number = found.month_number
            and present.measure_id = found.measure_id
            and present.sex = found.sex
)

select
    *,
    'month' as period,
    1 as lists
from dense
union all by name
select
    area_key,
    month_number,
    measure_id,
    sex,
    {{ each_band('cast(sum({band}) over last_12_months as decimal(18, 2))') | indent(4) }},
    'rolling_12_months' as period,
    12 as lists
from dense
window last_12_months as (
    partition by area_key, measure_id, sex order by month_number range between 11 preceding and current row
)
