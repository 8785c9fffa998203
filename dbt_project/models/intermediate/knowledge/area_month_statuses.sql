-- The status of each area's month, per group of measures: that of the feed's month, and incomplete where one of its practices is missing.
with missing_practices as (
    select distinct
        practice_areas.boundary,
        practice_areas.month,
        practice_areas.int_code,
        expected.feed
    from {{ ref('stg_plan__expected_providers') }} as expected
    inner join {{ ref('practice_areas') }} as practice_areas
        on expected.provider_code = practice_areas.practice_code and expected.coverage_month = practice_areas.month
    where not expected.is_received
)

select
    areas.boundary,
    areas.month,
    areas.int_code,
    statuses.status_group,
    statuses.feed,
    case
        when missing_practices.int_code is not null then 'incomplete'
        else statuses.period_status
    end as period_status
from {{ ref('area_months') }} as areas
inner join {{ ref('feed_month_statuses') }} as statuses on areas.month = statuses.month
left join missing_practices
    on
        areas.boundary = missing_practices.boundary
        and areas.month = missing_practices.month
        and areas.int_code = missing_practices.int_code
        and statuses.feed = missing_practices.feed
