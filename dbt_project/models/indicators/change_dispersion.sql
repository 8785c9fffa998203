-- How many times more the counts of two years differ, month by month, than independent events would: people come back, and winters differ.
-- Each month is held against the same month a year before, so that the seasons do not count, given the area's own change over all of them;
-- what is left is a chi-square sum (definitions E16). An area's own, and at least that of its type together and of the teams: the
-- chi-square sum of one area alone is often small by chance.
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

areas as (
    select
        indicator_id,
        area_type,
        area_code,
        {{ exact_sum('power(numerator - both_years * expected_share, 2) / (both_years * expected_share * (1.0 - expected_share))', 12) }}
            as chi_square,
        count(*) - 1 as degrees_of_freedom
    from shares
    group by indicator_id, area_type, area_code
),

types as (
    select
        indicator_id,
        area_type,
        {{ exact_sum('chi_square', 9) }} / sum(degrees_of_freedom) as dispersion
    from areas
    group by indicator_id, area_type
    -- fewer degrees of freedom than a year of months say too little
    having sum(degrees_of_freedom) >= 11
)

select
    areas.indicator_id,
    areas.area_type,
    areas.area_code,
    greatest(
        1.0,
        case when areas.degrees_of_freedom >= 11 then areas.chi_square / areas.degrees_of_freedom end,
        types.dispersion,
        teams.dispersion
    ) as dispersion
from areas
left join types on areas.indicator_id = types.indicator_id and areas.area_type = types.area_type
left join types as teams on areas.indicator_id = teams.indicator_id and teams.area_type = 'int'
