-- Rows of each provider in each month that this delivery supplies, per covered day, against the provider's history: the median of the
-- months around it and the same months a year before, whichever it resembles more. History is what earlier deliveries held; in a first
-- delivery, its own other months. Limits: standard errors over Poisson noise and ordinary over-dispersion, and a number of rows below
-- which nothing is worth an alarm.
with seen as (
    select delivery, provider_code, month, y from seen_volume where feed = '$feed'
),
supplied as (
    select distinct coverage_month as month from inputs.plan.feed_coverage, this_build
    where feed = '$feed' and feed_coverage.delivery = this_build.delivery
        and coverage_month between first_month and last_month
),
newer as (
    select s.provider_code, s.month, s.y, date_diff('day', s.month, least(last_day(s.month), b.data_cut)) + 1 as days
    from seen as s, this_build as b
    where s.delivery = b.delivery and s.month in (select month from supplied)
),
older as (
    select provider_code, month, arg_max(y, delivery) as y from seen
    where delivery < (select delivery from this_build) group by all
),
-- the last month of an earlier delivery may have been short when it was cut
complete_older as (
    select provider_code, month, y from older
    where month < (select max(month) from older)
),
history as (
    select provider_code, month, y / extract(day from last_day(month)) as per_day from complete_older
    union all
    select provider_code, month, y / days as per_day from newer where not exists (select 1 from complete_older)
),
compared as (
    select
        n.provider_code, n.month, n.y, n.days,
        median(h.per_day) filter (where abs(date_diff('month', h.month, n.month)) <= $months_around) as around,
        count(h.per_day) filter (where abs(date_diff('month', h.month, n.month)) <= $months_around) as months,
        median(h.per_day) filter (where abs(date_diff('month', h.month, n.month) - 12) <= 1) as last_year
    from newer as n
    inner join history as h on h.provider_code = n.provider_code and h.month <> n.month
    group by all
),
expected as (
    select
        provider_code, month, y, months, coalesce(around, last_year) * days as around, coalesce(last_year, around) * days as last_year
    from compared where months >= $months_needed or last_year is not null
    union all
    -- all who sent in this month: sees what is too little in each of many small providers
    select
        'all providers' as provider_code, month, sum(y) as y, max(months) as months,
        sum(coalesce(around, last_year) * days) as around, sum(coalesce(last_year, around) * days) as last_year
    from compared where months >= $months_needed or last_year is not null
    group by month having count(*) > 1
),
scored as (
    select
        *,
        count_distance(y, around, $overdispersion, months) as from_around,
        count_distance(y, last_year, $overdispersion, 3) as from_last_year
    from expected
)
select
    concat_ws(' ', said(provider_code), strftime(month, '%Y-%m')) as subject,
    if(provider_code = 'all providers', 0, y) as examined,
    least(abs(from_around), abs(from_last_year)) > $standard_errors
    and least(abs(y - around), abs(y - last_year)) >= $least_rows as is_violation,
    format('{:.2f} times what its history gives', y / around) as note
from scored
