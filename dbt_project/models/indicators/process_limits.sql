-- Centre line and XmR limits of each phase, of the adjusted values: mean ± 2.66 × mean moving range, moving ranges of at least 3.267 × their mean dropped once;
-- from 12 points and a mean count of 5 (definitions C10). None below that, nor where more than a third of the moving ranges are nought
-- (definitions E14): a median of whole days stands still and jumps, so that its ranges say nothing of what chance gives.
with

ranges as (
    select
        *,
        cast(sum(cast(moving_range as decimal(38, 12))) over phase_points as double)
        / nullif(count(moving_range) over phase_points, 0) as mean_moving_range
    from {{ ref('process_points') }}
    where is_judged
    window phase_points as (partition by indicator_id, cohort_id, area_type, area_code, phase)
),

phases as (
    select
        indicator_id,
        cohort_id,
        area_type,
        area_code,
        phase,
        count(*) as points,
        {{ exact_sum('count_behind', 6) }} / count(*) as mean_count,
        {{ exact_sum('adjusted_value', 12) }} / count(*) as centre_line,
        count(*) filter (where moving_range = 0) as ranges_of_nought,
        count(moving_range) as ranges,
        cast(sum(cast(moving_range as decimal(38, 12))) filter (where moving_range < 3.267 * mean_moving_range) as double)
        / nullif(count(*) filter (where moving_range < 3.267 * mean_moving_range), 0) as mean_moving_range
    from ranges
    group by indicator_id, cohort_id, area_type, area_code, phase
)

select
    indicator_id,
    cohort_id,
    area_type,
    area_code,
    phase,
    centre_line,
    centre_line - 2.66 * mean_moving_range as lower_process_limit,
    centre_line + 2.66 * mean_moving_range as upper_process_limit
from phases
where points >= 12 and mean_count >= 5 and 3 * ranges_of_nought <= ranges
