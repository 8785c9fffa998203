-- What of each reported feed is shown: a file that is delivered and of which nothing is must say so.
with judged as (
    select
        feed,
        count(*) as rows_reported,
        count(*) filter (where removed_by is null) as rows_used,
        count(*) filter (where removed_by = 'outside_the_months') as rows_outside_the_months,
        min(period_end) as first_period_end,
        max(period_end) as last_period_end
    from {{ ref('reported_judged') }}
    group by feed
)

select
    delivered.feed,
    cast(sum(delivered.rows_live) as bigint) as rows_delivered,
    coalesce(max(judged.rows_reported), 0) as rows_reported,
    coalesce(max(judged.rows_used), 0) as rows_used,
    coalesce(max(judged.rows_outside_the_months), 0) as rows_outside_the_months,
    max(judged.first_period_end) as first_period_end,
    max(judged.last_period_end) as last_period_end
from {{ ref('stg_plan__feed_coverage') }} as delivered
left join judged on delivered.feed = judged.feed
where delivered.feed in ('{{ reported_sources().keys() | join("', '") }}')
group by delivered.feed
