-- The newest list of registered patients against the one before: the whole, and practices that are on both.
with lists as (
    select date_trunc('month', extract_date)::date as month, practice_code, sum(patients) as patients
    from inputs.live.gp_registrations
    where sex <> 'all' and age_group <> 'ALL'
        or not exists (select 1 from inputs.live.gp_registrations where sex <> 'all' and age_group <> 'ALL')
    group by all
),
newest as (
    select max(month) as month from lists
),
pairs as (
    select
        coalesce(n.practice_code, o.practice_code) as practice_code, coalesce(n.patients, 0) as n, coalesce(o.patients, 0) as o
    from (select * from lists where month = (select month from newest)) as n
    full join (
        select * from lists where month = (select max(month) from lists where month < (select month from newest))
    ) as o using (practice_code)
    where exists (select 1 from lists where month < (select month from newest))
)
select
    'all practices' as subject, sum(o)::bigint as examined,
    abs(ln(greatest(sum(n), 0.5) / sum(o))) > $total_share as is_violation,
    format('{:.2f} times the list before', sum(n) / sum(o)) as note
from pairs having sum(o) > 0
union all
select
    'practices that changed by a third' as subject, count(*) as examined,
    count(*) filter (where abs(ln(n / o)) > ln(1.35)) > 1 + $practices_share * count(*) as is_violation,
    format('{} practices', count(*) filter (where abs(ln(n / o)) > ln(1.35))) as note
from pairs where n >= 100 and o >= 100 having count(*) > 0
