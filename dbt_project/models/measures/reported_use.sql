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
    delivered.rows_delivered,
    coalesce(judged.rows_reported, 0) as rows_reported,
    coalesce(judged.rows_used, 0) as rows_used,
    coalesce(judged.rows_outside_the_months, 0) as rows_outside_the_months,
    judged.first_period_end,
    judged.last_period_end
from {{ ref('reported_feeds') }} as delivered
left join judged on delivered.feed = judged.feed
