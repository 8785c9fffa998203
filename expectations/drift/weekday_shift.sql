-- Does the weekday pattern of this delivery fit its provider's history better when every date is moved? Log-likelihood of one rate per
-- weekday for both, as delivered and moved by one to six days: both sides are counts, so the chance in either is allowed for. History:
-- months of other deliveries; in a first delivery the earlier months, for the last one.
with daily as (
    select
        coalesce($provider, '') as provider_code, cast($date as date) as day, count(*) as y,
        bool_or(live.delivery = b.delivery) as is_newest, max(coverage_month) as month
    from inputs.live.$feed as live, this_build as b
    where coverage_month between b.first_month and b.last_month
    group by all
),
marked as (
    select
        *,
        case when (select count(*) from daily where not is_newest) > 0 then is_newest
            else month = (select max(month) from daily) end as is_new
    from daily
),
span as (
    select provider_code, is_new, min(day) as first_day, max(day) as last_day_seen, sum(y) as n from marked group by all
),
calendar as (
    select provider_code, is_new, isodow(day) as weekday, count(*) as days
    from (
        select provider_code, is_new, unnest(generate_series(first_day::timestamp, last_day_seen::timestamp, interval 1 day)) as day from span
    ) group by all
),
history as (
    select c.provider_code, c.weekday, max(c.days) as days, coalesce(sum(m.y), 0) as y
    from calendar as c
    left join marked as m on m.provider_code = c.provider_code and not m.is_new and isodow(m.day) = c.weekday
    where not c.is_new
    group by all
),
counts as (
    select c.provider_code, c.weekday, max(c.days) as days, coalesce(sum(m.y), 0) as y
    from calendar as c
    left join marked as m on m.provider_code = c.provider_code and m.is_new and isodow(m.day) = c.weekday
    where c.is_new
    group by all
),
-- both on each weekday, and the days they cover, each day weighed by how many records its side has a day
shifted as (
    select
        c.provider_code, s.shift, c.y as new_y, h.y as old_y, c.y + h.y as y,
        c.days * sum(c.y) over side / sum(c.days) over side + h.days * sum(h.y) over side / sum(h.days) over side as days
    from counts as c
    cross join (select unnest(range(0, 7)) as shift) as s
    inner join history as h on h.provider_code = c.provider_code and h.weekday = 1 + (c.weekday - 1 + 7 - s.shift) % 7
    window side as (partition by c.provider_code, s.shift)
),
fits as (
    select provider_code, shift, sum(new_y) as n, sum(old_y) as h_n, sum(if(y = 0, 0, y * ln(y / days))) as fit
    from shifted group by all
),
best as (
    select
        provider_code, max(n) as n, max(h_n) as h_n,
        max(fit) filter (where shift > 0) - max(fit) filter (where shift = 0) as evidence,
        arg_max(shift, fit) as shift
    from fits group by all
)
select
    coalesce(nullif(provider_code, ''), 'all') as subject,
    n as examined,
    evidence > $evidence + $evidence_per_record * n as is_violation,
    format('dates fit their own weekday pattern best when moved back {} days', shift) as note
from best where n >= $minimum_rows and h_n >= $minimum_rows
