-- A process chart needs no join and no sum: limits, target, counts and words of each month in one row.
select
    {{ area_key('charts.area_type', 'charts.area_code') }} as area_key,
    charts.area_type,
    charts.area_code,
    areas.area_name,
    areas.hcp_code,
    charts.indicator_id,
    indicators.title,
    indicators.short_title,
    indicators.theme,
    indicators.display_order,
    indicators.is_headline,
    indicators.unit,
    indicators.polarity,
    cast(charts.month as timestamp) as month,
    figures.numerator,
    figures.denominator,
    charts.value,
    charts.adjusted_value,
    charts.centre_line,
    charts.lower_process_limit,
    charts.upper_process_limit,
    figures.comparator_value,
    figures.target_value,
    figures.trajectory_value,
    charts.special_cause,
    -- what was never judged is not chance: as with assurance, there is no verdict
    case
        when charts.period_status <> 'incomplete' and charts.value is not null and charts.centre_line is not null then charts.variation
    end as variation,
    charts.assurance,
    charts.phase,
    charts.phase_reason,
    charts.period_status,
    charts.period_status <> 'incomplete' as is_complete,
    figures.null_reason
from {{ ref('indicator_spc') }} as charts
inner join {{ ref('indicator_values') }} as figures
    on
        charts.indicator_id = figures.indicator_id
        and charts.cohort_id = figures.cohort_id
        and charts.area_type = figures.area_type
        and charts.area_code = figures.area_code
        and charts.month = figures.month
        and charts.period = figures.period
inner join {{ ref('dim_indicator') }} as indicators on charts.indicator_id = indicators.indicator_id
left join {{ ref('dim_area') }} as areas on charts.area_type = areas.area_type and charts.area_code = areas.area_code
