-- How settled a month is, per group of measures (definitions C9, E1, E4): covered by the feed that stands for it, followed far enough,
-- without a hole nearby that hides a part of it. No row: the group's feed does not cover the month. What single areas miss is beside it,
-- in area_month_statuses.
with

covered as (
    select
        groups.status_group,
        groups.feed,
        feed_months.month,
        {{ month_number('feed_months.month') }} as month_number,
        feed_months.is_final,
        groups.months_after,
        groups.reach_months,
        -- stays and repeated attendances are found by person
        coalesce(groups.is_by_person, false) and persons.feed is null and has_rows.feed is not null as is_blurred
    from {{ ref('status_groups') }} as groups
    inner join {{ ref('feed_months') }} as feed_months
        on
            groups.feed = feed_months.feed
            and feed_months.is_covered
            and feed_months.month >= coalesce(groups.first_month, feed_months.month)
            and feed_months.month <= coalesce(groups.last_month, feed_months.month)
    left join {{ ref('feed_month_properties') }} as persons
        on feed_months.feed = persons.feed and feed_months.month = persons.month and persons.property = 'person'
    left join (
        select distinct
            feed,
            month
        from {{ ref('feed_cells') }}
    ) as has_rows on feed_months.feed = has_rows.feed and feed_months.month = has_rows.month
    where groups.status_group <> 'population'
),

reached as (
    select
        *,
        min(month_number) over (partition by status_group) as first_number,
        -- what a month without persons has of a stay is as lost as if it were not there
        count(case when not is_blurred then 1 end) over (
            partition by status_group order by month_number range between reach_months preceding and reach_months following
        ) as months_in_reach,
        -- months without a hole between them have one number
        month_number - row_number() over (partition by status_group, is_blurred order by month_number) as run_number
    from covered
),

runs as (
    select
        *,
        cast(month_number - min(month_number) over (partition by status_group, is_blurred, run_number) as integer) as months_behind,
        cast(max(month_number) over (partition by status_group, is_blurred, run_number) - month_number as integer) as months_ahead
    from reached
)

select
    reached.status_group,
    reached.feed,
    reached.month,
    case
        when reached.is_blurred then 'incomplete'
        when reached.month_number + reached.months_after > {{ month_number('months.data_cut') }} then 'incomplete'
        when
            reached.months_in_reach < least(reached.month_number + reached.reach_months, {{ month_number('months.data_cut') }})
            - greatest(reached.month_number - reached.reach_months, reached.first_number) + 1
            then 'incomplete'
        when reached.is_final then 'final'
        else 'provisional'
    end as period_status,
    coalesce(sources.source = 'gp_appointments_published_sub_icb' and reached.feed = 'gp_appointments_published', false) as is_icb_only,
    reached.months_behind,
    reached.months_ahead
from runs as reached
inner join {{ ref('months') }} as months on reached.month = months.month
left join {{ ref('gp_appointment_month_sources') }} as sources on months.month = sources.month
where
    (reached.feed <> 'gp_appointments' or sources.source = 'gp_appointments')
    and (reached.feed <> 'gp_appointments_published' or coalesce(sources.source, 'none') <> 'gp_appointments')
union all
-- a list carried from another month is not the month's own
select
    'population' as status_group,
    'gp_registrations' as feed,
    month,
    case population_basis when 'list' then 'final' else 'incomplete' end as period_status,
    false as is_icb_only,
    0 as months_behind,
    0 as months_ahead
from {{ ref('population_lists') }}
