-- Areas of whose rows a sender that is missing sent at least 2 in a hundred in the 12 months before (definitions E2): for the others the
-- figure stands, which is the one tolerance of what is known. Of payments to practices, whose accounts are of a year: of whose people.
with

missing as (
    select
        feed,
        month,
        {{ month_number('month') }} as month_number,
        sender_kind,
        sender_code,
        property
    from {{ ref('feed_expected_senders') }}
    where not is_received
),

months_missing as (
    select distinct
        feed,
        month,
        month_number
    from missing
),

-- what each practice's area had of each sender in the year before each month in which any is missing
practice_rows as (
    select
        months_missing.feed,
        months_missing.month,
        cells.practice_code,
        cells.provider_code,
        sum(cells.rows_sent) as rows_sent
    from months_missing
    inner join {{ ref('feed_cells') }} as cells
        on
            months_missing.feed = cells.feed
            and {{ month_number('cells.month') }} between months_missing.month_number - 12 and months_missing.month_number - 1
    where cells.practice_code is not null
    group by months_missing.feed, months_missing.month, cells.practice_code, cells.provider_code
),

area_rows as (
    select
        levels.boundary,
        levels.area_type,
        levels.area_code,
        practice_rows.*
    from practice_rows
    inner join {{ ref('practice_levels') }} as levels
        on practice_rows.practice_code = levels.practice_code and practice_rows.month = levels.month
),

area_totals as (
    select
        boundary,
        area_type,
        area_code,
        feed,
        month,
        sum(rows_sent) as rows_sent
    from area_rows
    group by boundary, area_type, area_code, feed, month
),

lists as (
    select
        levels.boundary,
        levels.area_type,
        levels.area_code,
        cells.month,
        sum(cells.rows_sent) as registered_population
    from {{ ref('feed_cells') }} as cells
    inner join {{ ref('practice_levels') }} as levels on cells.practice_code = levels.practice_code and cells.month = levels.month
    where cells.feed = 'gp_registrations'
    group by levels.boundary, levels.area_type, levels.area_code, cells.month
),

sender_rows as (
    select
        area_rows.boundary,
        area_rows.area_type,
        area_rows.area_code,
        missing.feed,
        missing.month,
        missing.property,
        missing.sender_kind,
        missing.sender_code,
        sum(area_rows.rows_sent) as rows_sent
    from missing
    inner join area_rows
        on
            missing.feed = area_rows.feed
            and missing.month = area_rows.month
            and missing.sender_code = case missing.sender_kind when 'practice' then area_rows.practice_code else area_rows.provider_code end
    group by all
)

select
    sender_rows.boundary,
    sender_rows.area_type,
    sender_rows.area_code,
    sender_rows.feed,
    sender_rows.month,
    sender_rows.property,
    sender_rows.sender_kind,
    sender_rows.sender_code,
    cast(sender_rows.rows_sent as double) / cast(area_totals.rows_sent as double) as share
from sender_rows
inner join area_totals
    on
        sender_rows.boundary = area_totals.boundary
        and sender_rows.area_type = area_totals.area_type
        and sender_rows.area_code = area_totals.area_code
        and sender_rows.feed = area_totals.feed
        and sender_rows.month = area_totals.month
where sender_rows.rows_sent > 0 and sender_rows.rows_sent >= 0.02 * area_totals.rows_sent
union all
select
    levels.boundary,
    levels.area_type,
    levels.area_code,
    'gp_payments' as feed,
    unpaid.month,
    'rows' as property,
    'practice' as sender_kind,
    unpaid.practice_code as sender_code,
    cast(unpaid.registered_population as double) / cast(lists.registered_population as double) as share
from {{ ref('unpaid_practices') }} as unpaid
inner join {{ ref('practice_levels') }} as levels on unpaid.practice_code = levels.practice_code and unpaid.month = levels.month
inner join lists
    on
        levels.boundary = lists.boundary
        and levels.area_type = lists.area_type
        and levels.area_code = lists.area_code
        and unpaid.month = lists.month
where unpaid.registered_population >= 0.02 * lists.registered_population
