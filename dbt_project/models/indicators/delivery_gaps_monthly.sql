-- What was not delivered, month by month: months that no feed covers, what records do not say although an indicator asks it, senders that
-- are missing, lists that stand for other months or do not say ages. On the boundaries of the data cut.
with

-- two feeds that stand for each other leave one gap, named by the first of them
asked as (
    select distinct
        requirement,
        string_split(requirement, '|')[1] as status_group
    from {{ ref('indicator_needs') }}
    where requirement <> 'population' and not is_placement
),

-- what is met by a requirement of fewer feeds is asked there
single as (
    select
        asked.requirement,
        groups.feed
    from asked
    inner join {{ ref('status_groups') }} as groups on asked.status_group = groups.status_group
    where groups.status_group <> 'contract' or asked.requirement = 'contract|discharges'
),

uncovered as (
    select distinct
        single.feed,
        months.month
    from single
    cross join {{ ref('months') }} as months
    left join {{ ref('requirement_months') }} as found on single.requirement = found.requirement and months.month = found.month
    where found.month is null or found.missed_feed = single.feed
),

unsaid as (
    select distinct
        found.feed,
        needs.property,
        found.month
    from {{ ref('indicator_needs') }} as needs
    inner join {{ ref('requirement_months') }} as found on needs.requirement = found.requirement
    left join {{ ref('feed_month_properties') }} as said
        on found.feed = said.feed and found.month = said.month and needs.property = said.property
    where needs.property <> '' and needs.requirement <> 'population' and said.property is null
)

select
    'month_not_covered' as gap_kind,
    feed,
    '' as property,
    '' as sender_code,
    '' as area_type,
    '' as area_code,
    month
from uncovered
union all
select
    'not_recorded' as gap_kind,
    feed,
    property,
    '' as sender_code,
    '' as area_type,
    '' as area_code,
    month
from unsaid
union all
select distinct
    'sender_missing' as gap_kind,
    feed,
    case property when 'rows' then '' else property end as property,
    -- what has not the shape of a code is not printed (definitions E11)
    case when {{ matches('sender_code', '[A-Z0-9]{3,6}') }} then sender_code else 'others' end as sender_code,
    area_type,
    area_code,
    month
from {{ ref('area_missing_senders') }}
where boundary = 'marts'
union all
select
    'list_without_detail' as gap_kind,
    'gp_registrations' as feed,
    property,
    '' as sender_code,
    area_type,
    area_code,
    month
from {{ ref('area_list_gaps') }}
where boundary = 'marts'
union all
select
    'list_of_another_month' as gap_kind,
    'gp_registrations' as feed,
    '' as property,
    '' as sender_code,
    '' as area_type,
    '' as area_code,
    month
from {{ ref('population_lists') }}
where population_basis <> 'list'
union all
select
    'list_of_another_month' as gap_kind,
    'gp_registrations' as feed,
    'small_area' as property,
    '' as sender_code,
    '' as area_type,
    '' as area_code,
    month
from {{ ref('registered_population_imd') }}
group by month
having not bool_or(is_own)
