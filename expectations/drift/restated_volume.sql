-- Months that an earlier delivery held too: rows then and now, by provider where both have it, and for the feed as a whole, so that a
-- provider that changes its code is no alarm but one that vanishes or doubles is. The earlier delivery's own last month may fill up.
with seen as (
    select delivery, provider_code, month, y from seen_volume where feed = '$feed'
),
supplied as (
    select distinct coverage_month as month from inputs.plan.feed_coverage, this_build
    where feed = '$feed' and feed_coverage.delivery = this_build.delivery
),
previous as (
    select max(delivery) as delivery from seen where delivery < (select delivery from this_build)
),
earlier as (
    select s.provider_code, s.month, s.y from seen as s, previous as p
    where s.delivery = p.delivery and s.month in (select month from supplied)
        and s.month < (select max(month) from seen, previous as q where seen.delivery = q.delivery)
),
now as (
    select s.provider_code, s.month, s.y from seen as s, this_build as b where s.delivery = b.delivery
),
compared as (
    select concat_ws(' ', said(e.provider_code), strftime(e.month, '%Y-%m')) as subject, e.y as y_then, n.y as y_now
    from earlier as e inner join now as n using (provider_code, month)
    union all
    select 'all providers ' || strftime(month, '%Y-%m'), sum(e.y), coalesce(max(n.y), 0)
    from earlier as e
    left join (select month, sum(y) as y from now group by all) as n using (month)
    group by month
    union all
    -- sees what is too little in each of many small months
    select 'all months', sum(e.y), coalesce(sum(n.y), 0)
    from (select month, sum(y) as y from earlier group by all) as e
    left join (select month, sum(y) as y from now group by all) as n using (month)
    having count(*) > 1
)
select
    subject,
    if(subject = 'all months', 0, y_then) as examined,
    abs(y_now - y_then) > $share * y_then + $standard_errors * sqrt(y_then + 1) as is_violation,
    format('{:.2f} times the rows of the earlier delivery', y_now / y_then) as note
from compared
