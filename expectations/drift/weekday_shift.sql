-- Does the weekday pattern of this delivery fit its provider's history better when every date is moved? Log-likelihood of one rate per
-- weekday for both, as delivered and moved by one to six days: both sides are counts, so the chance in either is allowed for. History:
-- months of other deliveries; in a first delivery the earlier months, for the last one. Whoever had most of its records on one weekday is
-- left alone: a clinic that moves from Tuesday to Wednesday has not moved its dates.
-- Of inpatients, elective admissions: emergencies come on any day. All providers together see what is too little in each of them.
with of_providers as (
    select
        coalesce($provider, '') as provider_code, cast($day as date) as day, count(*) as y,
        bool_or(live.delivery = b.delivery) as is_newest, max(coverage_month) as month
    from inputs.live.$feed as live, this_build as b
    where coverage_month between b.first_month and b.last_month and $rows
    group by all
),
daily as (
    select * from of_providers where provider_code <> '' and day is not null
    union all
    select 'all providers' as provider_code, day, sum(y) as y, bool_or(is_newest) as is_newest, max(month) as month
    from of_providers where day is not null group by day
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
    select
        provider_code, shift, sum(new_y) as n, sum(old_y) as h_n, max(old_y) / nullif(sum(old_y), 0) as busiest,
        -- rounded, and of two that fit as well the fewest days: the order in which threads add up must not choose
        round(sum(if(y = 0, 0, y * ln(y / days))), 6) as fit
    from shifted group by all
),
best as (
    select
        provider_code, max(n) as n, max(h_n) as h_n, max(busiest) as busiest,
        max(fit) filter (where shift > 0) - max(fit) filter (where shift = 0) as evidence,
        arg_max(shift, (fit, -shift)) as shift
    from fits group by all
)
select
    provider_code as subject,
    if(provider_code = 'all providers', n, 0) as examined,
    evidence > $evidence + $evidence_per_record * n as is_violation,
    format('dates fit their own weekday pattern best when moved back {} days', shift) as note
from best where n >= $minimum_rows and h_n >= $minimum_rows and busiest <= $share_of_a_weekday
