-- Two dates of one record: how often they are the same day, and how often the second comes before the first, in this delivery against
-- the months of other deliveries (in a first delivery: its last month against the earlier ones). One of two dates that was moved.
with records as (
    select
        coalesce($provider, '') as provider_code,
        case when (select count(*) from inputs.live.$feed as other, this_build as c where other.delivery <> c.delivery) > 0
            then live.delivery = b.delivery else coverage_month = b.last_month end as is_new,
        date_diff('day', cast($first_date as date), cast($second_date as date)) as days
    from inputs.live.$feed as live, this_build as b
    where coverage_month between b.first_month and b.last_month
),
shares as (
    select provider_code, is_new, count(days) as n, count(*) filter (where days = 0) as same_day, count(*) filter (where days < 0) as before
    from records group by all having count(days) > 0
),
long as (
    select provider_code, is_new, n, 'the same day' as what, same_day as y from shares
    union all
    select provider_code, is_new, n, 'the wrong way round' as what, before as y from shares
),
compared as (
    select provider_code, what, n.n, n.y, h.n as h_n, h.y as h_y
    from (select * from long where is_new) as n inner join (select * from long where not is_new) as h using (provider_code, what)
    where n.n >= $minimum_rows and h.n >= $minimum_rows
)
select
    concat_ws(' ', nullif(provider_code, ''), what) as subject,
    n as examined,
    abs(y / n - h_y / h_n) > $floor and abs(share_distance(y, n, h_y, h_n)) > $standard_errors as is_violation,
    format('{:.0f} %, {:.0f} % in its history', 100 * y / n, 100 * h_y / h_n) as note
from compared
