-- What of each reported feed is shown: a file that is delivered and of which nothing is must say so, and so must a council or trust that
-- surrounds no team, because no page shows it. Where no list or record says which do, nothing is said.
with

surroundings as (
    select distinct
        area_type,
        area_code
    from {{ ref('team_surroundings') }}
),

judged as (
    select
        rows_judged.feed,
        count(*) as rows_reported,
        count(*) filter (where rows_judged.removed_by is null) as rows_used,
        count(*) filter (where rows_judged.removed_by = 'outside_the_months') as rows_outside_the_months,
        count(*) filter (
            where rows_judged.removed_by is null and rows_judged.area_type in ('council', 'trust') and surroundings.area_code is null
            and rows_judged.area_type in (select known.area_type from surroundings as known)
        ) as rows_around_no_team,
        min(rows_judged.period_end) as first_period_end,
        max(rows_judged.period_end) as last_period_end
    from {{ ref('reported_judged') }} as rows_judged
    left join surroundings on rows_judged.area_type = surroundings.area_type and rows_judged.area_code = surroundings.area_code
    group by rows_judged.feed
)

select
    delivered.feed,
    delivered.rows_delivered,
    coalesce(judged.rows_reported, 0) as rows_reported,
    coalesce(judged.rows_used, 0) as rows_used,
    coalesce(judged.rows_outside_the_months, 0) as rows_outside_the_months,
    coalesce(judged.rows_around_no_team, 0) as rows_around_no_team,
    judged.first_period_end,
    judged.last_period_end
from {{ ref('reported_feeds') }} as delivered
left join judged on delivered.feed = judged.feed
