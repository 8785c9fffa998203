-- Months of the process charts (definitions C10): monthly figures, each in the phase that its rebasings give it. Incomplete months are
-- shown and never judged: they are in no mean, no moving range and no run. Charts are of everybody: a cohort's months are too small a count to
-- judge, and each further chart is another chance of a false alarm. Structure measures are accounts and coverage, a year's sum spread over
-- its months: chance does not move them, so they have no limits and no special cause.
with

figures as (
    select
        figures.indicator_id,
        figures.cohort_id,
        figures.area_type,
        figures.area_code,
        figures.month,
        figures.value,
        figures.numerator,
        figures.denominator,
        coalesce(figures.numerator, figures.denominator) as count_behind,
        figures.period_status,
        figures.value is not null
        and figures.period_status <> 'incomplete'
        and catalogue.donabedian_type <> 'structure' as is_judged
    from {{ ref('indicator_figures') }} as figures
    inner join {{ ref('indicator_catalogue') }} as catalogue on figures.indicator_id = catalogue.indicator_id
    where figures.boundary = 'marts' and figures.period = 'month' and figures.cohort_id = 'all'
    union all
    -- reported month by month; what stands behind a mean or a score are its replies
    select
        figures.indicator_id,
        figures.cohort_id,
        figures.area_type,
        figures.area_code,
        figures.month,
        figures.value,
        cast(null as double) as numerator,
        cast(null as double) as denominator,
        coalesce(figures.replies, figures.denominator) as count_behind,
        figures.period_status,
        figures.value is not null and figures.period_status <> 'incomplete' as is_judged
    from {{ ref('reported_figures') }} as figures
    where figures.boundary = 'marts' and figures.is_monthly
)

select
    figures.indicator_id,
    figures.cohort_id,
    figures.area_type,
    figures.area_code,
    figures.month,
    figures.value,
    figures.numerator,
    figures.denominator,
    figures.count_behind,
    figures.period_status,
    figures.is_judged,
    cast(1 + count(rebasings.month) as integer) as phase,
    arg_max(rebasings.reason, (rebasings.month, rebasings.reason)) as phase_reason
from figures
left join {{ ref('process_rebasings') }} as rebasings
    on
        figures.indicator_id = rebasings.indicator_id
        and coalesce(rebasings.area_type, figures.area_type) = figures.area_type
        and coalesce(rebasings.area_code, figures.area_code) = figures.area_code
        and rebasings.month <= figures.month
group by all
