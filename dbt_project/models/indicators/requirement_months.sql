-- The status group that meets a requirement in each month: the first of its groups that covers it.
with

alternatives as (
    select
        requirement,
        unnest(string_split(requirement, '|')) as status_group,
        generate_subscripts(string_split(requirement, '|'), 1) as preference
    from (
        select distinct requirement
        from {{ ref('indicator_needs') }}
    ) as requirements
),

-- a basis that stood in 6 of the 12 months before and is not there now leaves what stands instead incomplete (definitions E6)
lapsed as (
    select
        alternatives.requirement,
        months.month
    from alternatives
    inner join {{ ref('status_groups') }} as groups
        on alternatives.status_group = groups.status_group and groups.is_expected_to_last
    cross join {{ ref('months') }} as months
    inner join {{ ref('feed_month_statuses') }} as statuses
        on
            alternatives.status_group = statuses.status_group
            and {{ months_between('statuses.month', 'months.month') }} between 0 and 12
    group by alternatives.requirement, months.month
    having count(*) filter (where statuses.month < months.month) >= 6 and count(*) filter (where statuses.month = months.month) = 0
),

covered as (
    select
        alternatives.requirement,
        statuses.month,
        arg_min(struct_pack(
            status_group := statuses.status_group,
            feed := statuses.feed,
            period_status := statuses.period_status,
            is_icb_only := statuses.is_icb_only,
            months_behind := statuses.months_behind,
            months_ahead := statuses.months_ahead,
            months_since_hole := statuses.months_since_hole
        ), alternatives.preference) as found
    from alternatives
    inner join {{ ref('feed_month_statuses') }} as statuses on alternatives.status_group = statuses.status_group
    group by alternatives.requirement, statuses.month
)

select
    covered.requirement,
    covered.month,
    covered.found.status_group as status_group,
    covered.found.feed as feed,
    case when lapsed.month is not null then 'incomplete' else covered.found.period_status end as period_status,
    covered.found.is_icb_only as is_icb_only,
    covered.found.months_behind as months_behind,
    covered.found.months_ahead as months_ahead,
    covered.found.months_since_hole as months_since_hole
from covered
left join lapsed on covered.requirement = lapsed.requirement and covered.month = lapsed.month
