-- Closed months that were lost on the way: an earlier delivery held them (and no other provider took the rows over), or there are months
-- before and after. A provider that has not sent the newest month, or has stopped, is not meant: that is shown as incomplete.
with now as (
    select provider_code, coverage_month as month, sum(rows_live) as y from inputs.plan.feed_coverage
    where feed = '$feed' and coverage_month is not null group by all
),
now_by_month as (
    select month, sum(y) as y from now group by month
),
earlier as (
    select provider_code, month, arg_max(y, delivery) as y, sum(arg_max(y, delivery)) over (partition by month) as y_of_month
    from seen_volume where feed = '$feed' and delivery < (select delivery from this_build)
    group by provider_code, month
),
closed as (
    select unnest(generate_series(
        greatest(min(now.month), max(b.first_month))::timestamp, least(max(now.month), max(b.last_month) - interval 1 month)::timestamp,
        interval 1 month
    ))::date as month
    from now, this_build as b
),
found as (
    select 'all providers' as provider_code, c.month, coalesce(n.y, 0) = 0 as is_lost
    from closed as c left join now_by_month as n using (month)
    union all
    select e.provider_code, c.month, n.y is null and coalesce(m.y, 0) < e.y_of_month - 0.5 * e.y
    from earlier as e
    inner join closed as c using (month)
    left join now as n using (provider_code, month)
    left join now_by_month as m using (month)
    where e.y >= $least_rows
    union all
    select e.sender_code, e.month, not e.is_received and e.month < max(e.month) filter (where e.is_received) over (
        partition by e.sender_code
    )
    from intermediate.feed_expected_senders as e inner join closed as c using (month)
    where e.feed = '$feed' and e.sender_kind = 'provider' and e.property = 'rows'
)
select
    concat_ws(' ', said(provider_code), strftime(month, '%Y-%m')) as subject,
    1 as examined,
    bool_or(coalesce(is_lost, false)) as is_violation,
    'no row of it is left' as note
from found group by provider_code, month
