-- Records of one provider that say the same about the same person at the same time under different keys, as a share of its records: a
-- file that was sent twice under new keys. History: the months of other deliveries.
with records as (
    select
        coalesce($provider, '') as provider_code, live.delivery = b.delivery as is_newest,
        hash($same) as content
    from inputs.live.$feed as live, this_build as b
    where person_id is not null
),
cells as (
    select provider_code, is_newest, content, count(*) as records from records group by all
),
shares as (
    select provider_code, is_newest, sum(records) as n, sum(records - 1) as repeats from cells group by all
),
compared as (
    select n.provider_code, n.n, n.repeats / n.n as p, coalesce(h.repeats / h.n, 0) as q
    from shares as n left join shares as h on h.provider_code = n.provider_code and not h.is_newest
    where n.is_newest
)
select
    coalesce(nullif(provider_code, ''), 'all') as subject,
    n as examined,
    p > q + $floor + $standard_errors * sqrt((q + 0.01) / n) as is_violation,
    format('{:.1f} % of records say the same as another under a new key', 100 * p) as note
from compared where n >= $minimum_rows
