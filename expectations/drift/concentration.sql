-- The $what ($code) that each provider's month of this delivery names most often: its share of the records against its share in the
-- provider's other months. One code written into every record, or one practice's records in another's name.
with cells as (
    select
        coalesce($provider, '') as provider_code, coverage_month as month, $code, count(*) as y,
        bool_or(live.delivery = b.delivery) as is_newest
    from inputs.live.$feed as live, this_build as b
    where $code is not null and coverage_month between b.first_month and b.last_month
    group by all
),
months as (
    select provider_code, month, sum(y) as n, bool_or(is_newest) as is_newest, arg_max($code, (y, $code)) as $code, max(y) as y
    from cells group by all
),
has_older as (
    select bool_or(not is_newest) as has_older from cells
),
history as (
    select m.provider_code, m.month, sum(c.y) as h_n, coalesce(sum(c.y) filter (where c.$code = m.$code), 0) as h_y
    from months as m
    inner join cells as c
        on c.provider_code = m.provider_code and c.month <> m.month and (not c.is_newest or not (select has_older from has_older))
    where m.is_newest
    group by all
)
select
    concat_ws(' ', nullif(m.provider_code, ''), strftime(m.month, '%Y-%m')) as subject,
    m.n as examined,
    m.y / m.n - h.h_y / h.h_n > $floor and share_distance(m.y, m.n, h.h_y, h.h_n) > $standard_errors as is_violation,
    format('{:.0f} % of the records name one $what, {:.0f} % in its history', 100 * m.y / m.n, 100 * h.h_y / h.h_n) as note
from months as m inner join history as h using (provider_code, month)
where m.n >= $minimum_rows and h.h_n >= $minimum_rows
