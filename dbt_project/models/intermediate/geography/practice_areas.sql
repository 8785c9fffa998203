-- Which team each of the ICB's practices belongs to: at the data cut (`marts`) and on the last day of each month (`as_at`).
with boundary_days as (
    select
        'marts' as boundary,
        month,
        data_cut as boundary_date
    from {{ ref('months') }}
    union all
    select
        'as_at' as boundary,
        month,
        month_end as boundary_date
    from {{ ref('months') }}
),

boundary_dates as (
    select distinct boundary_date
    from boundary_days
),

-- overlapping memberships are an error that a test names; the newest then stands, so that a practice has one team at a time
memberships as (
    select
        boundary_dates.boundary_date,
        memberships.*,
        row_number() over (
            partition by boundary_dates.boundary_date, memberships.practice_code
            order by memberships.valid_from desc, memberships.int_code, memberships.valid_to, memberships.pcn_code, memberships.hcp_code
        ) as newest_rank
    from boundary_dates
    inner join {{ ref('stg_int_membership__memberships') }} as memberships
        on boundary_dates.boundary_date >= memberships.valid_from and boundary_dates.boundary_date < memberships.valid_to
),

open_memberships as (
    select *
    from memberships
    where newest_rank = 1
),

ranked_successions as (
    select
        boundary_dates.boundary_date,
        successions.predecessor_code,
        successions.successor_code,
        row_number() over (
            partition by boundary_dates.boundary_date, successions.predecessor_code
            order by successions.effective_date desc, successions.successor_code desc, successions.reason_code
        ) as newest_rank
    from boundary_dates
    inner join {{ ref('stg_ods_succession__successions') }} as successions
        on boundary_dates.boundary_date >= successions.effective_date
    where successions.predecessor_code <> successions.successor_code
),

successions as (
    select *
    from ranked_successions
    where newest_rank = 1
),

hop_0 as (
    select
        boundary_dates.boundary_date,
        practices.practice_code,
        practices.practice_code as current_practice_code,
        memberships.int_code
    from boundary_dates
    cross join {{ ref('icb_practices') }} as practices
    left join open_memberships as memberships
        on
            boundary_dates.boundary_date = memberships.boundary_date
            and practices.practice_code = memberships.practice_code
),

-- succession is followed only while the practice has no open membership on the date (definitions C14)
{% for hop in range(1, succession_hops() + 1) -%}
hop_{{ hop }} as (
    select
        hops.boundary_date,
        hops.practice_code,
        case
            when hops.int_code is null then coalesce(successions.successor_code, hops.current_practice_code)
            else hops.current_practice_code
        end as current_practice_code,
        coalesce(hops.int_code, memberships.int_code) as int_code
    from hop_{{ hop - 1 }} as hops
    left join successions
        on hops.boundary_date = successions.boundary_date and hops.current_practice_code = successions.predecessor_code
    left join open_memberships as memberships
        on successions.boundary_date = memberships.boundary_date and successions.successor_code = memberships.practice_code
),

{% endfor -%}
resolved as (
    select
        hops.boundary_date,
        hops.practice_code,
        hops.current_practice_code,
        coalesce(memberships.int_code, 'NO_INT') as int_code,
        memberships.pcn_code,
        memberships.hcp_code
    from hop_{{ succession_hops() }} as hops
    left join open_memberships as memberships
        on
            hops.boundary_date = memberships.boundary_date
            and hops.current_practice_code = memberships.practice_code
    -- a practice that has merged into one of another ICB is out of area from then on
    inner join {{ ref('icb_practices') }} as current_practices
        on hops.current_practice_code = current_practices.practice_code and current_practices.is_own
)

select
    boundary_days.boundary,
    boundary_days.month,
    resolved.practice_code,
    resolved.current_practice_code,
    resolved.int_code,
    resolved.pcn_code,
    resolved.hcp_code
from boundary_days
inner join resolved on boundary_days.boundary_date = resolved.boundary_date
