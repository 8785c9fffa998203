with targets as (
    select *
    from {{ ref('indicator_target_lines') }}
    where period = 'month'
)

select
    points.indicator_id,
    points.cohort_id,
    points.area_type,
    points.area_code,
    points.month,
    'month' as period,
    points.value,
    points.adjusted_value,
    points.calendar_factor,
    points.season_factor,
    points.season_basis,
    limits.centre_line,
    -- as people read them: no rate lies below nought, no percentage above a hundred, though the arithmetic may
    case
        when catalogue.limits = 'net_promoter' and limits.lower_process_limit < -100 then -100.0
        when catalogue.limits <> 'net_promoter' and limits.lower_process_limit < 0 then 0.0
        else limits.lower_process_limit
    end as lower_process_limit,
    case
        when (catalogue.unit = '%' or catalogue.limits = 'net_promoter') and limits.upper_process_limit > 100 then 100.0
        else limits.upper_process_limit
    end as upper_process_limit,
    coalesce(signals.special_cause, 'none') as special_cause,
    case
        when coalesce(signals.signal_direction, 0) = 0 then 'common_cause'
        when catalogue.polarity = 'neutral' then 'neither'
        when (catalogue.polarity = 'higher_is_better') = (signals.signal_direction > 0) then 'improvement'
        else 'concern'
    end as variation,
    case
        when targets.target_value is null or catalogue.polarity = 'neutral' then 'no_target'
        -- no limits, or a month not complete: no verdict
        when limits.centre_line is null or not points.is_judged then null
        when catalogue.polarity = 'lower_is_better' and limits.upper_process_limit <= targets.target_value then 'pass'
        when catalogue.polarity = 'lower_is_better' and limits.lower_process_limit > targets.target_value then 'fail'
        when catalogue.polarity = 'higher_is_better' and limits.lower_process_limit >= targets.target_value then 'pass'
        when catalogue.polarity = 'higher_is_better' and limits.upper_process_limit < targets.target_value then 'fail'
        else 'hit_or_miss'
    end as assurance,
    points.phase,
    points.phase_reason,
    points.period_status
from {{ ref('process_points') }} as points
inner join {{ ref('indicator_catalogue') }} as catalogue on points.indicator_id = catalogue.indicator_id
left join {{ ref('process_limits') }} as limits
    on
        points.indicator_id = limits.indicator_id
        and points.cohort_id = limits.cohort_id
        and points.area_type = limits.area_type
        and points.area_code = limits.area_code
        and points.phase = limits.phase
left join {{ ref('process_signals') }} as signals
    on
        points.indicator_id = signals.indicator_id
        and points.cohort_id = signals.cohort_id
        and points.area_type = signals.area_type
        and points.area_code = signals.area_code
        and points.month = signals.month
left join targets
    on
        points.indicator_id = targets.indicator_id
        and points.cohort_id = targets.cohort_id
        and points.area_type = targets.area_type
        and points.area_code = targets.area_code
        and points.month = targets.month
