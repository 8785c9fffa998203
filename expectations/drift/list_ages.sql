-- How many people would have to change their age band to make the newest list of the one before: a month moves few people, a column in
-- the wrong order or a band out of step moves many.
with lists as (
    select date_trunc('month', extract_date)::date as month, age_group, sum(patients) as patients
    from inputs.live.gp_registrations where sex in ('male', 'female', 'unknown') and age_group <> 'ALL'
    group by all
),
totals as (
    select month, sum(patients) as n from lists group by all having sum(patients) > 0
),
newest as (
    select max(month) as month from totals
),
before as (
    select max(month) as month from totals where month < (select month from newest)
),
shares as (
    select l.month, l.age_group, l.patients / t.n as share from lists as l inner join totals as t using (month)
),
compared as (
    select sum(abs(coalesce(n.share, 0) - coalesce(o.share, 0))) / 2 as moved
    from (select * from shares where month = (select month from newest)) as n
    full join (select * from shares where month = (select month from before)) as o using (age_group)
)
select
    'age bands of the newest list' as subject, t.n::bigint as examined,
    moved > $share + $per_root / sqrt(t.n) as is_violation,
    format('{:.1f} % of the people would have changed their band', 100 * moved) as note
from compared, totals as t
where t.month = (select month from newest) and exists (select 1 from before where month is not null)
