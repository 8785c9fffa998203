-- Months, and three months on end, in which a team's practices have next to no records while the providers that usually bring them sent
-- others: what those providers' other months around it give, against what came. A provider that sent nothing is not the team's silence. Rows come in
-- bundles (one person's appointments), so that few of them may be missing by chance: the spread of the other months says how few. What has a
-- key of its own for the bundle (a referral, of its actions) is counted by that.
with teams as (
    select practice_code, arg_max(int_code, (valid_from, int_code)) as int_code from inputs.live.int_membership
    where valid_to is null or valid_to > (select last_month from this_build)
    group by practice_code
),
cells as (
    select t.int_code, coalesce($provider, '') as provider_code, coverage_month as month, count($counted) as y
    from $rows as live inner join teams as t using (practice_code), this_build as b
    where coverage_month between b.first_month and b.last_month
    group by all
),
senders as (
    select provider_code, month, count(distinct int_code) as teams from cells group by all
),
pairs as (
    select distinct int_code, provider_code from cells
),
expected as (
    select p.int_code, s.month, p.provider_code, coalesce(any_value(own.y), 0) as y, median(o.y) as usual,
        pow(1.4826 * mad(o.y), 2) as spread, count(o.y) as months
    from pairs as p
    inner join senders as s on s.provider_code = p.provider_code and s.teams > 1
    left join cells as own on own.int_code = p.int_code and own.provider_code = p.provider_code and own.month = s.month
    inner join cells as o
        on o.int_code = p.int_code and o.provider_code = p.provider_code and o.month <> s.month
            and abs(date_diff('month', o.month, s.month)) <= $months_around
    group by p.int_code, s.month, p.provider_code
),
of_team as (
    select int_code, month, sum(y) as y, sum(usual) as usual, sum(greatest(usual, spread)) as variance
    from expected where months >= $months_needed group by all
),
spans as (
    select int_code, month, 1 as months, y, usual, variance from of_team
    union all
    select
        int_code, month, count(*) over w as months, sum(y) over w as y, sum(usual) over w as usual, sum(variance) over w as variance
    from of_team
    window w as (partition by int_code order by month range between interval 2 months preceding and current row)
    qualify count(*) over w = 3
)
select
    concat_ws(' ', int_code, if(months = 3, 'three months to', null), strftime(month, '%Y-%m')) as subject,
    if(months = 1, cast(y as bigint) + 1, 0) as examined,
    usual >= $certain and y < $share * usual and usual - y > $standard_errors * sqrt(variance) as is_violation,
    format('{} $what, {:.0f} in its other months', cast(y as bigint), usual) as note
from spans
