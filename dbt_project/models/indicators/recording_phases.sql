-- From which month an area's recording is another one (definitions E9): providers moved same-day emergency care out of admitted care at the
-- dates of the seed `recording_changes`, and with it the stays of no night. An area's phase begins with the month in which the providers of
-- more than a fifth of its emergency stays (of the 12 months before) have moved; a further one where one month's movers alone are as many.
with

stays as (
    select
        levels.area_type,
        levels.area_code,
        {{ month_number('admissions.event_month') }} as month_number,
        admissions.provider_code,
        count(*) as stays
    from {{ ref('admissions') }} as admissions
    inner join {{ ref('practice_levels') }} as levels
        on
            levels.boundary = 'marts'
            and admissions.practice_code = levels.practice_code
            and admissions.event_month = levels.month
    where admissions.admission_type = 'emergency'
    group by all
),

change_months as (
    select distinct
        changes.month,
        {{ month_number('changes.month') }} as month_number
    from {{ ref('recording_changes') }} as changes
    cross join {{ ref('build') }} as build
    where changes.month > build.first_month and changes.month <= build.last_month
),

shares as (
    select
        stays.area_type,
        stays.area_code,
        change_months.month,
        sum(stays.stays) filter (where moved.month <= change_months.month) / sum(stays.stays) as moved_share,
        sum(stays.stays) filter (where moved.month = change_months.month) / sum(stays.stays) as moving_share
    from change_months
    inner join stays on stays.month_number between change_months.month_number - 12 and change_months.month_number - 1
    left join {{ ref('recording_changes') }} as moved on stays.provider_code = moved.provider_code
    group by stays.area_type, stays.area_code, change_months.month
),

steps as (
    select
        *,
        lag(moved_share) over (partition by area_type, area_code order by month) as moved_before
    from shares
)

select
    area_type,
    area_code,
    month
from steps
where moving_share > 0.2 or (moved_share > 0.2 and coalesce(moved_before, 0) <= 0.2)
