-- Share of zeros among the figures of a column, per provider and month of this delivery, against the other months of the provider:
-- zeros written where nothing was known.
with cells as (
    select
        coalesce($provider, '') as provider_code, coverage_month as month, count(*) as rows,
        count(*) filter (where $figure = 0) as zeros, bool_or(live.delivery = b.delivery) as is_newest
    from inputs.live.$feed as live, this_build as b
    where coverage_month between b.first_month and b.last_month
    group by all
),
compared as (
    select
        n.provider_code, n.month, n.rows, n.zeros, sum(o.rows) as h_rows, sum(o.zeros) as h_zeros
    from cells as n
    inner join cells as o
        on o.provider_code = n.provider_code and o.month <> n.month
            and (not o.is_newest or (select bool_and(is_newest) from cells))
    where n.is_newest
    group by all
    union all
    select
        'all months and providers' as provider_code, null as month, sum(rows) filter (where is_newest) as rows,
        sum(zeros) filter (where is_newest) as zeros, sum(rows) filter (where not is_newest) as h_rows,
        sum(zeros) filter (where not is_newest) as h_zeros
    from cells having count(*) filter (where not is_newest) > 0 and count(*) filter (where is_newest) > 0
),
scored as (
    select *, zeros / rows as p, h_zeros / h_rows as q
    from compared where h_rows >= $minimum_history
)
select
    concat_ws(' ', '$figure', nullif(provider_code, ''), strftime(month, '%Y-%m')) as subject,
    case when month is null then 0 else rows end as examined,
    abs(p - q) > $floor and abs(share_distance(zeros, rows, h_zeros, h_rows)) > $standard_errors as is_violation,
    format('{:.1f} % zeros, {:.1f} % in its history', 100 * p, 100 * q) as note
from scored
