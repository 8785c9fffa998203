-- Points of the process charts, adjusted for what the calendar and the season explain (definitions E15): adjusted_value = value ÷ (calendar ×
-- season). Means, moving ranges and rules look at the adjusted values; the raw ones stand beside them.
with adjusted as (
    select
<<<<<<< HEAD
        months.*,
        coalesce(months.numerator, months.denominator) as count_behind,
        calendar.calendar_factor,
        seasons.season_factor,
        seasons.season_basis,
        months.value / (calendar.calendar_factor * seasons.season_factor) as adjusted_value
    from {{ ref('process_months') }} as months
    inner join {{ ref('calendar_factors') }} as calendar
        on months.indicator_id = calendar.indicator_id and months.month = calendar.month
    inner join {{ ref('season_factors') }} as seasons
        on months.indicator_id = seasons.indicator_id and extract(month from months.month) = seasons.month_of_year
=======
        figures.indicator_id,
        figures.cohort_id,
        figures.area_type,
        figures.area_code,
        figures.month,
        figures.value,
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
        coalesce(figures.replies, figures.denominator) as count_behind,
        figures.period_status,
        figures.value is not null and figures.period_status <> 'incomplete' as is_judged
    from {{ ref('reported_figures') }} as figures
    where figures.boundary = 'marts' and figures.is_monthly
),

phased as (
    select
        figures.indicator_id,
        figures.cohort_id,
        figures.area_type,
        figures.area_code,
        figures.month,
        figures.value,
        figures.count_behind,
        figures.period_status,
        figures.is_judged,
        cast(1 + count(rebasings.month) as integer) as phase,
        arg_max(rebasings.reason, rebasings.month) as phase_reason
    from figures
    left join {{ ref('process_rebasings') }} as rebasings
        on
            figures.indicator_id = rebasings.indicator_id
            and coalesce(rebasings.area_type, figures.area_type) = figures.area_type
            and coalesce(rebasings.area_code, figures.area_code) = figures.area_code
            and rebasings.month <= figures.month
    group by all
>>>>>>> main
)

select
    *,
    case
        when is_judged then abs(adjusted_value - lag(adjusted_value) over (
            partition by indicator_id, cohort_id, area_type, area_code, phase, is_judged order by month
        ))
    end as moving_range,
    case
        when is_judged then cast(sign(adjusted_value - lag(adjusted_value) over (
            partition by indicator_id, cohort_id, area_type, area_code, phase, is_judged order by month
        )) as integer)
    end as direction
from adjusted
