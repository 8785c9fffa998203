-- Months that a group of measures should cover and does not, so that what stands in its place is another basis and incomplete (definitions
-- E6): all months of contracts; of payments to practices, whose accounts come out a year later, those up to the newest that are out.
select
    groups.status_group,
    groups.feed,
    months.month
from {{ ref('status_groups') }} as groups
cross join {{ ref('months') }} as months
left join {{ ref('feed_month_statuses') }} as statuses
    on groups.status_group = statuses.status_group and months.month = statuses.month
left join (
    select
        status_group,
        max(month) as month
    from {{ ref('feed_month_statuses') }}
    group by status_group
) as newest on groups.status_group = newest.status_group
where
    groups.missed_months <> 'none'
    and statuses.month is null
    and (groups.missed_months = 'all' or coalesce(months.month <= newest.month, true))
