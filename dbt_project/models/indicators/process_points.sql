-- Points of the process charts, adjusted for what the calendar and the season explain (definitions E15): adjusted_value = value ÷ (calendar ×
-- season). Means, moving ranges and rules look at the adjusted values; the raw ones stand beside them.
with adjusted as (
    select
        months.*,
        coalesce(calendar.calendar_factor, 1.0) as calendar_factor,
        seasons.season_factor,
        seasons.season_basis,
        months.value / (coalesce(calendar.calendar_factor, 1.0) * seasons.season_factor) as adjusted_value
    from {{ ref('process_months') }} as months
    -- what is reported may lie before the months of the marts
    left join {{ ref('calendar_factors') }} as calendar
        on months.indicator_id = calendar.indicator_id and months.month = calendar.month
    inner join {{ ref('season_factors') }} as seasons
        on months.indicator_id = seasons.indicator_id and extract(month from months.month) = seasons.month_of_year
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
