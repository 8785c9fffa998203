-- Special causes by the rules of Making Data Count (definitions C10, E14): outside the limits; 7 consecutive rising or falling; of three
-- consecutive points on one side of the mean two beyond two thirds of the limit, points outside counting as beyond; 7 consecutive on one
-- side of the mean. A point on the mean ends a run; equal neighbours end a trend. Every point of a run is marked, of two in three those beyond.
-- While a seasonal measure's season is not known yet, only points outside the limits are signals (definitions E15, E24).
-- How to read it: `points` says of each month of a series on which side it lies and whether outside, `placed` in which run, `threes` how long
-- the run is, `runs` and `trends` spread two of three and trends over the points that make them; the last select takes the first rule that holds.
{% set series = 'indicator_id, cohort_id, area_type, area_code, phase' -%}
with

points as (
    select
        points.*,
        limits.centre_line,
        limits.lower_process_limit,
        limits.upper_process_limit,
        -- a value on the mean is on it to nine digits: the last ones are the rounding of a quotient, which is no side of anything
        case
            when abs(points.adjusted_value - limits.centre_line) <= 1e-9 * abs(limits.centre_line) + 1e-12 then 0
            when points.adjusted_value > limits.centre_line then 1
            else -1
        end as side,
        case
            when abs(points.adjusted_value - limits.centre_line) <= 1e-9 * abs(limits.centre_line) + 1e-12 then 0
            when points.adjusted_value > limits.upper_process_limit then 1
            when points.adjusted_value < limits.lower_process_limit then -1
            else 0
        end as outside,
        row_number() over (
            partition by
                points.indicator_id, points.cohort_id, points.area_type, points.area_code, points.phase
            order by points.month
        ) as point_number
    from {{ ref('process_points') }} as points
    inner join {{ ref('process_limits') }} as limits
        on
            points.indicator_id = limits.indicator_id
            and points.cohort_id = limits.cohort_id
            and points.area_type = limits.area_type
            and points.area_code = limits.area_code
            and points.phase = limits.phase
    where points.is_judged
),

placed as (
    select
        *,
        outside <> 0 or abs(adjusted_value - centre_line) > 2.0 / 3.0 * (upper_process_limit - centre_line) as is_beyond,
        -- runs: within one, the number of the point less its rank among its like stays the same
        point_number - row_number() over (partition by {{ series }}, side order by month) as side_run,
        point_number - row_number() over (partition by {{ series }}, direction order by month) as direction_run
    from points
),

threes as (
    select
        *,
        count(*) over (partition by {{ series }}, side, side_run) as side_run_length,
        case when direction <> 0 then count(*) over (partition by {{ series }}, direction, direction_run) end as steps,
        -- this point and the two before it lie on one side, two of them beyond
        side <> 0
        and count(*) over last_three = 3
        and min(side) over last_three = max(side) over last_three
        and count(*) filter (where is_beyond) over last_three >= 2 as ends_two_of_three
    from placed
    window last_three as (partition by {{ series }} order by month rows between 2 preceding and current row)
),

runs as (
    select
        *,
        is_beyond
        and bool_or(ends_two_of_three) over (
            partition by {{ series }} order by month rows between current row and 2 following
        ) as is_two_of_three
    from threes
),

-- six steps one way join seven points: the one before the first step is part of the trend
trends as (
    select
        *,
        case
            when steps >= 6 then direction
            when lead(steps) over (partition by {{ series }} order by month) >= 6
                then lead(direction) over (partition by {{ series }} order by month)
            else 0
        end as trend
    from runs
)

select
    indicator_id,
    cohort_id,
    area_type,
    area_code,
    month,
    case
        when outside <> 0 then 'outside_limits'
        when season_basis = 'not_yet_known' then 'none'
        when trend <> 0 then 'trend'
        when is_two_of_three then 'two_of_three'
        when side <> 0 and side_run_length >= 7 then 'shift'
        else 'none'
    end as special_cause,
    -- which way: up is 1
    case
        when outside <> 0 then outside
        when season_basis = 'not_yet_known' then 0
        when trend <> 0 then trend
        when is_two_of_three then side
        when side <> 0 and side_run_length >= 7 then side
        else 0
    end as signal_direction
from trends
