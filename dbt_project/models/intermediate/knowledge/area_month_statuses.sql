-- The status of each area's month, per group of measures: that of the feed's month, and incomplete where a sender of the area is missing
-- from it, or from a month near it in which a part of its stays may lie (`reach_months`).
with reached as (
    select
        groups.status_group,
        groups.feed,
        months.month as missing_month,
        near.month
    from {{ ref('status_groups') }} as groups
    cross join {{ ref('months') }} as months
    inner join {{ ref('months') }} as near
        on {{ months_between('months.month', 'near.month') }} between -groups.reach_months and groups.reach_months
),

missing as (
    select distinct
        senders.boundary,
        reached.month,
        senders.area_code as int_code,
        reached.status_group
    from {{ ref('area_missing_senders') }} as senders
    inner join reached on senders.feed = reached.feed and senders.month = reached.missing_month
    where senders.area_type = 'int' and senders.property in ('rows', 'person')
),

-- rows outside the teams are of anybody's patients
missing_anywhere as (
    select distinct
        reached.status_group,
        reached.month
    from {{ ref('feed_expected_senders') }} as senders
    inner join reached on senders.feed = reached.feed and senders.month = reached.missing_month
    where not senders.is_received and senders.property = 'rows'
)

select
    areas.boundary,
    areas.month,
    areas.int_code,
    statuses.status_group,
    statuses.feed,
    case
        when missing.int_code is not null then 'incomplete'
        when missing_anywhere.month is not null and not areas.is_team then 'incomplete'
        else statuses.period_status
    end as period_status
from {{ ref('area_months') }} as areas
inner join {{ ref('feed_month_statuses') }} as statuses on areas.month = statuses.month
left join missing
    on
        areas.boundary = missing.boundary
        and areas.month = missing.month
        and areas.int_code = missing.int_code
        and statuses.status_group = missing.status_group
left join missing_anywhere on areas.month = missing_anywhere.month and statuses.status_group = missing_anywhere.status_group
