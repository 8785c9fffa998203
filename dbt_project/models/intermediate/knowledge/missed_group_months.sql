-- Months that a group of measures should cover and does not, so that what stands in its place is another basis and incomplete (definitions
-- E6): months without contracts, and without payments to practices, whose accounts come out a year later and then say something else.
select
    groups.status_group,
    groups.feed,
    months.month
from {{ ref('status_groups') }} as groups
cross join {{ ref('months') }} as months
left join {{ ref('feed_month_statuses') }} as statuses
    on groups.status_group = statuses.status_group and months.month = statuses.month
where groups.is_missed and statuses.month is null
