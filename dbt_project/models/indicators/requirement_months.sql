-- The status group that meets a requirement in each month: the first of its groups that covers it. `missed_feed`: in whose place it stands,
-- where that leaves the month incomplete.
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

-- of two that are missed the one that should stand first is named
missed as (
    select
        alternatives.requirement,
        groups.month,
        arg_min(groups.feed, alternatives.preference) as feed
    from alternatives
    inner join {{ ref('missed_group_months') }} as groups on alternatives.status_group = groups.status_group
    group by alternatives.requirement, groups.month
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
            reach_months := groups.reach_months
        ), alternatives.preference) as found
    from alternatives
    inner join {{ ref('feed_month_statuses') }} as statuses on alternatives.status_group = statuses.status_group
    inner join {{ ref('status_groups') }} as groups on alternatives.status_group = groups.status_group
    group by alternatives.requirement, statuses.month
)

select
    covered.requirement,
    covered.month,
    covered.found.status_group as status_group,
    covered.found.feed as feed,
    case when missed.month is not null then 'incomplete' else covered.found.period_status end as period_status,
    covered.found.is_icb_only as is_icb_only,
    covered.found.months_behind as months_behind,
    covered.found.months_ahead as months_ahead,
    covered.found.reach_months as reach_months,
    missed.feed as missed_feed
from covered
left join missed on covered.requirement = missed.requirement and covered.month = missed.month
