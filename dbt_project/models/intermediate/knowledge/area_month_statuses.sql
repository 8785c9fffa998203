-- The status of each area's month, per group of measures: that of the feed's month, and incomplete where a sender of the area is missing.
with missing as (
    select distinct
        boundary,
        month,
        area_code as int_code,
        feed
    from {{ ref('area_missing_senders') }}
    where area_type = 'int' and property = 'rows'
),

-- rows outside the teams are of anybody's patients
missing_anywhere as (
    select distinct
        feed,
        month
    from {{ ref('feed_expected_senders') }}
    where not is_received and property = 'rows'
)

select
    areas.boundary,
    areas.month,
    areas.int_code,
    statuses.status_group,
    statuses.feed,
    case
        when missing.int_code is not null then 'incomplete'
        when missing_anywhere.feed is not null and not areas.is_team then 'incomplete'
        else statuses.period_status
    end as period_status
from {{ ref('area_months') }} as areas
inner join {{ ref('feed_month_statuses') }} as statuses on areas.month = statuses.month
left join missing
    on
        areas.boundary = missing.boundary
        and areas.month = missing.month
        and areas.int_code = missing.int_code
        and statuses.feed = missing.feed
left join missing_anywhere on areas.month = missing_anywhere.month and statuses.feed = missing_anywhere.feed
