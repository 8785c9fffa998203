-- How many times more the counts of two years differ, month by month, than independent events would: people come back, and winters differ.
-- Each month is held against the same month a year before, so that the seasons do not count, given the area's own change over all of them;
-- what is left is a chi-square sum. Pooled over the areas of a type; a larger area has at least the
-- dispersion that its teams show.
with

months as (
    select
        figures.indicator_id,
        figures.area_type,
        figures.area_code,
        {{ month_number('figures.month') }} as month_number,
        figures.numerator,
        figures.denominator
    from {{ ref('indicator_figures') }} as figures
    inner join {{ ref('indicator_catalogue') }} as catalogue on figures.indicator_id = catalogue.indicator_id
    where
        figures.boundary = 'marts'
        and figures.period = 'month'
        and figures.cohort_id = 'all'
        and figures.value is not null
        and figures.period_status <> 'incomplete'
        and catalogue.measure_kind = 'additive'
        and catalogue.limits = 'poisson'
),

pairs as (
    select
        now.indicator_id,
        now.area_type,
        now.area_code,
        now.numerator,
        now.numerator + base.numerator as both_years,
        now.denominator,
        base.denominator as base_denominator,
        cast(sum(cast(now.numerator as decimal(38, 6))) over area as double)
        / cast(sum(cast(now.denominator as decimal(38, 6))) over area as double)
        * cast(sum(cast(base.denominator as decimal(38, 6))) over area as double)
        / nullif(cast(sum(cast(base.numerator as decimal(38, 6))) over area as double), 0) as ratio
    from months as now
    inner join months as base
        on
            now.indicator_id = base.indicator_id
            and now.area_type = base.area_type
            and now.area_code = base.area_code
            and now.month_number = base.month_number + 12
    window area as (partition by now.indicator_id, now.area_type, now.area_code)
),

-- of the events of both Januaries, so many would lie in the later one
shares as (
    select
        *,
        ratio * denominator / (ratio * denominator + base_denominator) as expected_share
    from pairs
    where both_years > 0 and ratio > 0
),

types as (
    select
        indicator_id,
        area_type,
        {{ exact_sum('power(numerator - both_years * expected_share, 2) / (both_years * expected_share * (1.0 - expected_share))', 12) }}
        / (count(*) - count(distinct area_code)) as dispersion
    from shares
    group by indicator_id, area_type
    -- fewer degrees of freedom than a year of months say too little
    having count(*) - count(distinct area_code) >= 11
)

select
    indicators.indicator_id,
    area_types.area_type,
    greatest(1.0, own.dispersion, teams.dispersion) as dispersion
from (
    select distinct indicator_id
    from types
) as indicators
cross join (values ('int'), ('pcn'), ('hcp'), ('icb')) as area_types (area_type)
left join types as own on indicators.indicator_id = own.indicator_id and area_types.area_type = own.area_type
left join types as teams on indicators.indicator_id = teams.indicator_id and teams.area_type = 'int'
