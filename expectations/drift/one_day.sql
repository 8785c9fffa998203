-- The day with the most records of each provider's month in this delivery, and of all of them together, against the fullest days of its
-- other months: records whose date was lost and filled with one.
with provider_days as (
    select
        coalesce($provider, '') as provider_code, coverage_month as month, cast($date as date) as day, count(*) as y,
        bool_or(live.delivery = b.delivery) as is_newest
    from inputs.live.$feed as live, this_build as b
    where coverage_month between b.first_month and b.last_month
    group by all
),
days as (
    select * from provider_days
    union all
    select 'all' as provider_code, month, day, sum(y) as y, bool_or(is_newest) as is_newest
    from provider_days where provider_code <> '' group by all
),
months as (
    select provider_code, month, sum(y) as n, max(y) as y, bool_or(is_newest) as is_newest from days group by all
),
compared as (
    select m.provider_code, m.month, m.n, m.y, median(o.y / o.n) as usual, count(*) as months
    from months as m inner join months as o on o.provider_code = m.provider_code and o.month <> m.month and o.n >= $minimum_rows
    where m.is_newest and m.n >= $minimum_rows
    group by all
)
select
    concat_ws(' ', nullif(provider_code, ''), strftime(month, '%Y-%m')) as subject,
    if(provider_code = 'all', 0, n) as examined,
    y / n - usual > $floor and share_beyond(y, n, usual) > $standard_errors as is_violation,
    format('{:.0f} % of the records are of one day, {:.0f} % on the fullest day of its other months', 100 * y / n, 100 * usual) as note
from compared where months >= $months_needed
