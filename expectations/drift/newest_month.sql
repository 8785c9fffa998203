-- How far the newest month of this delivery's extract lies behind the delivery, against every earlier delivery: an extract that stops a
-- month earlier than ever is last month's file sent again. Annual refreshes (M13) look back by design and are left out; in a feed of a
-- few rows a month an empty month comes by chance.
with newest as (
    select delivery, max(month) as month, sum(y) / count(distinct month) as rows_a_month from seen_volume
    where feed = '$feed' and y > 0 and delivery not like '%-M13'
    group by delivery
),
lags as (
    select delivery, rows_a_month, date_diff('month', month, cast(left(delivery, 7) || '-01' as date)) as months_behind from newest
)
select
    'newest month' as subject,
    count(*) as examined,
    n.months_behind > max(e.months_behind) and n.rows_a_month >= $least_rows as is_violation,
    format('{} months behind the delivery, at most {} before', n.months_behind, max(e.months_behind)) as note
from lags as n
inner join this_build as b on b.delivery = n.delivery
inner join lags as e on e.delivery < n.delivery
group by n.months_behind, n.rows_a_month
