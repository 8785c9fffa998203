-- The $what ($code) that each provider's month of this delivery names most often: its share of the records against its share in the
-- provider's other months; and the same of all its months against those of other deliveries, where a month is too small to say it. One code
-- written into every record, or one practice's records in another's name. Records come in bundles of one person's, who has one practice: as
-- many records say no more than n over the mean size of the bundles that they stand in.
with large as (
    -- of a large feed a share of the people tells how large their bundles are; 64 bits, as a hash: 128 cost ten times as much a row
    select cast(1 + count(*) // 200000 as ubigint) as one_in from $rows
),
people as (
    select
        coalesce($provider, '') as provider_code, coverage_month as month, person_id,
        sum(if(person_id is null, 1.0 / one_in, 1)) as y
    from $rows, this_build as b, large
    where
        $code is not null and coverage_month between b.first_month and b.last_month
        and (person_id is null or hash(person_id) % one_in = 0)
    group by all
),
bundles as (
    select
        provider_code, month, sum(if(person_id is null, y, y * y)) / sum(y) as size
    from people group by all
),
longer_bundles as (
    select provider_code, sum(if(person_id is null, y, y * y)) / sum(y) as size
    from (select provider_code, person_id, sum(y) as y from people group by all)
    group by provider_code
),
cells as (
    select
        coalesce($provider, '') as provider_code, coverage_month as month, $code, count(*) as y,
        bool_or(live.delivery = b.delivery) as is_newest
    from $rows as live, this_build as b
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
),
codes as (
    select
        provider_code, $code, coalesce(sum(y) filter (where is_newest), 0) as y, coalesce(sum(y) filter (where not is_newest), 0) as h_y
    from cells group by all
),
compared as (
    select m.provider_code, m.month, m.n, m.y, h.h_n, h.h_y, b.size, l.size as h_size
    from months as m
    inner join history as h using (provider_code, month)
    inner join bundles as b using (provider_code, month)
    inner join longer_bundles as l using (provider_code)
    union all
    select
        c.provider_code, null as month, sum(c.y) as n, max(c.y) as y, sum(c.h_y) as h_n, arg_max(c.h_y, (c.y, c.$code)) as h_y,
        any_value(l.size) as size, any_value(l.size) as h_size
    from codes as c inner join longer_bundles as l using (provider_code)
    group by c.provider_code
)
select
    concat_ws(' ', nullif(provider_code, ''), coalesce(strftime(month, '%Y-%m'), 'all months')) as subject,
    if(month is null, 0, n) as examined,
    y / n - h_y / h_n > $floor and share_distance(y / size, n / size, h_y / h_size, h_n / h_size) > $standard_errors
    as is_violation,
    format('{:.0f} % of the records name one $what, {:.0f} % in its history', 100 * y / n, 100 * h_y / h_n) as note
from compared
where n >= $minimum_rows and h_n >= $minimum_rows
