-- Areas whose month, or one of whose 12 months, lacks a practice that should have sent something to an indicator's feeds: incomplete
-- there (definitions C9). Rows only where something is missing.
with

missing as (
    select distinct
        required.indicator_id,
        levels.boundary,
        levels.area_type,
        levels.area_code,
        levels.month
    from {{ ref('feed_missing_practices') }} as missing
    inner join {{ ref('practice_levels') }} as levels
        on missing.practice_code = levels.practice_code and missing.month = levels.month
    inner join {{ ref('feed_month_statuses') }} as statuses
        on missing.feed = statuses.feed and missing.month = statuses.month
    inner join {{ ref('indicator_status_groups') }} as required on statuses.status_group = required.status_group
)

select
    indicator_id,
    boundary,
    area_type,
    area_code,
    month,
    'month' as period
from missing
union
select
    missing.indicator_id,
    missing.boundary,
    missing.area_type,
    missing.area_code,
    {{ add_months('missing.month', 'offsets.months_later') }} as month,
    'rolling_12_months' as period
from missing
cross join range(12) as offsets (months_later)
