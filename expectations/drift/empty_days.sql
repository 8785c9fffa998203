-- A run of days without a single record inside a month that this delivery supplies, where the usual weekdays would have brought many: a
-- month that was cut in half, or an extract that stopped early. Of all providers together, and of each that is large enough: a small
-- clinic closes for a fortnight. The days from Christmas Eve to 2 January are nobody's usual days.
with supplied as (
    select distinct coverage_month as month from inputs.plan.feed_coverage, this_build
    where feed = '$feed' and feed_coverage.delivery = this_build.delivery
        and coverage_month between first_month and last_month
),
of_providers as (
    select coalesce($provider, '') as provider_code, coverage_month as month, cast($date as date) as day, count(*) as y
    from inputs.live.$feed where coverage_month is not null group by all
),
daily as (
    select * from of_providers where provider_code <> ''
    union all
    select 'all providers' as provider_code, month, day, sum(y) as y from of_providers group by month, day
),
usual as (
    select provider_code, isodow(day) as weekday, sum(y) / (count(distinct month) * 30.4 / 7) as per_day
    from daily group by all
),
calendar as (
    select s.month, cast(unnest(generate_series(s.month::timestamp, least(last_day(s.month), b.data_cut)::timestamp, interval 1 day)) as date) as day
    from supplied as s, this_build as b
),
expected as (
    select p.provider_code, c.month, c.day, coalesce(d.y, 0) as y, coalesce(u.per_day, 0) as per_day
    from calendar as c
    inner join (select distinct provider_code, month from daily) as p using (month)
    left join daily as d on d.provider_code = p.provider_code and d.day = c.day
    left join usual as u on u.provider_code = p.provider_code and u.weekday = isodow(c.day)
    where strftime(c.day, '%m-%d') between '01-03' and '12-23'
),
runs as (
    select *, sum((y > 0)::int) over (partition by provider_code, month order by day) as run from expected
),
gaps as (
    select provider_code, month, run, count(*) filter (where y = 0) as days, sum(per_day) filter (where y = 0) as missed, sum(y) as y
    from runs group by all
)
select
    concat_ws(' ', nullif(provider_code, ''), strftime(month, '%Y-%m')) as subject,
    if(provider_code = 'all providers', sum(y), 0) as examined,
    bool_or(coalesce(
        days >= $days and missed >= if(provider_code = 'all providers', $missed_rows, $missed_rows_of_one_provider), false
    )) as is_violation,
    format('{} days in a row without a record', max(days)) as note
from gaps group by provider_code, month
