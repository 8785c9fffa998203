-- Share of records of which something is true ($what), per provider and month of this delivery and over all of them, against the months of
-- other deliveries (in a first delivery, its own other months).
with cells as (
    select
        coalesce($provider, '') as provider_code, coverage_month as month, count(*) as rows,
        count(*) filter (where $condition) as such, bool_or(live.delivery = b.delivery) as is_newest
    from inputs.live.$feed as live, this_build as b
    where coverage_month between b.first_month and b.last_month
    group by all
),
compared as (
    select
        n.provider_code, n.month, n.rows, n.such, sum(o.rows) as h_rows, sum(o.such) as h_such
    from cells as n
    inner join cells as o
        on o.provider_code = n.provider_code and o.month <> n.month
            and (not o.is_newest or (select bool_and(is_newest) from cells))
    where n.is_newest
    group by all
    union all
    select
        'all months and providers' as provider_code, null as month, sum(rows) filter (where is_newest) as rows,
        sum(such) filter (where is_newest) as such, sum(rows) filter (where not is_newest) as h_rows,
        sum(such) filter (where not is_newest) as h_such
    from cells having count(*) filter (where not is_newest) > 0 and count(*) filter (where is_newest) > 0
),
scored as (
    select *, such / rows as p, h_such / h_rows as q
    from compared where h_rows >= $minimum_history
)
select
    concat_ws(' ', '$what', nullif(provider_code, ''), strftime(month, '%Y-%m')) as subject,
    case when month is null then 0 else rows end as examined,
    abs(p - q) > $floor and abs(share_distance(such, rows, h_such, h_rows)) > $standard_errors as is_violation,
    format('{:.1f} % of the records, {:.1f} % in its history', 100 * p, 100 * q) as note
from scored
