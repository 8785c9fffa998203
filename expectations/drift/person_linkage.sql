-- Share of the people of this feed who are known in any other feed of the same identifier space: this delivery against the months of
-- earlier deliveries (in a first delivery, its last month against the earlier ones).
with people as (
    select feed, space, provider_code, person_id,
        case when (select bool_and(is_newest) from seen_people) then is_last_month else is_newest end as is_new
    from seen_people
),
mine as (
    select provider_code, person_id, bool_or(is_new) as is_new, max(space) as space from people where feed = '$feed' group by all
),
others as (
    select distinct person_id from people where feed <> '$feed' and space = (select max(space) from mine)
),
marked as (
    select m.provider_code, m.is_new, (o.person_id is not null)::int as is_known
    from mine as m left join others as o using (person_id)
),
shares as (
    select
        provider_code,
        count(*) filter (where is_new) as n, sum(is_known) filter (where is_new) as known,
        count(*) filter (where not is_new) as h_n, sum(is_known) filter (where not is_new) as h_known
    from marked group by provider_code
),
scored as (
    select *, known / n as p, h_known / h_n as q
    from shares where n >= $minimum_people and h_n >= $minimum_people
)
select
    coalesce(said(provider_code), 'all') as subject,
    n as examined,
    q - p > $floor and share_distance(known, n, h_known, h_n) < -$standard_errors as is_violation,
    format('{:.0f} % of people known in other feeds, {:.0f} % in its history', 100 * p, 100 * q) as note
from scored
