-- The same person at the same site within 60 minutes (60 included) of an attendance that was kept, in one setting, also across
-- midnight (definitions C7, C14). A missing person, site or time is never a duplicate.
with arrivals as (
    select
        feed,
        attendance_key,
        person_id,
        setting,
        site_code,
        arrival_seconds
    from {{ ref('ae_attendance_records') }}
    where
        person_id is not null
        and site_code is not null
        and arrival_seconds is not null
        -- a planned attendance is out before duplicates are looked for, so it never removes an unplanned one
        and is_visit
),

with_neighbours as (
    select
        *,
        lag(arrival_seconds) over (
            partition by person_id, setting, site_code order by arrival_seconds, attendance_key, feed
        ) as previous_arrival_seconds,
        lead(arrival_seconds) over (
            partition by person_id, setting, site_code order by arrival_seconds, attendance_key, feed
        ) as next_arrival_seconds
    from arrivals
),

-- only an arrival with another within 60 minutes can be or have a duplicate: a few in a hundred
near as (
    select *
    from with_neighbours
    where arrival_seconds - previous_arrival_seconds <= 3600 or next_arrival_seconds - arrival_seconds <= 3600
),

numbered as (
    select
        *,
        row_number() over (
            partition by person_id, setting, site_code order by arrival_seconds, attendance_key, feed
        ) as arrival_number
    from near
),

-- a run: every arrival within 60 minutes of the row before it
runs as (
    select
        *,
        sum(case when arrival_seconds - previous_arrival_seconds <= 3600 then 0 else 1 end) over (
            partition by person_id, setting, site_code
            order by arrival_number
            rows between unbounded preceding and current row
        ) as run_number
    from numbered
),

run_arrivals as (
    select
        person_id,
        setting,
        site_code,
        run_number,
        {{ sorted_array('arrival_seconds') }} as arrivals
    from runs
    group by person_id, setting, site_code, run_number
),

kept_arrivals as (
    select
        person_id,
        setting,
        site_code,
        run_number,
        {{ unnest_kept_after_gap('arrivals', 3600) }} as arrival_seconds -- noqa: PRS
    from run_arrivals
),

ranked as (
    select
        runs.feed,
        runs.attendance_key,
        kept_arrivals.arrival_seconds is not null as is_kept_arrival,
        row_number() over (
            partition by runs.person_id, runs.setting, runs.site_code, runs.run_number, runs.arrival_seconds
            order by runs.arrival_number
        ) as order_at_arrival
    from runs
    left join kept_arrivals
        on
            runs.person_id = kept_arrivals.person_id
            and runs.setting = kept_arrivals.setting
            and runs.site_code = kept_arrivals.site_code
            and runs.run_number = kept_arrivals.run_number
            and runs.arrival_seconds = kept_arrivals.arrival_seconds
)

select
    feed,
    attendance_key
from ranked
where not (is_kept_arrival and order_at_arrival = 1)
