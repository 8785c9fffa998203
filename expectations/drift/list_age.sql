-- How old the newest list is at the data cut, and whether it is a new list at all: people move and have birthdays, so two
-- extracts with the same figure in nearly every cell are one list under two dates.
with lists as (
    select date_trunc('month', extract_date)::date as month, practice_code, sex, age_group, sum(patients) as patients
    from inputs.live.gp_registrations group by all
),
newest as (
    select max(month) as month from lists
),
cells as (
    select n.patients, n.patients = o.patients as is_same
    from lists as n
    inner join lists as o using (practice_code, sex, age_group)
    where n.month = (select month from newest)
        and o.month = (select max(month) from lists where month < (select month from newest))
        and n.sex <> 'all' and n.age_group <> 'ALL'
)

select
    'age of the newest list delivered' as subject, 1 as examined,
    date_diff('month', max(s.month), max(b.last_month)) > $months as is_violation,
    format('{} months before the data cut', date_diff('month', max(s.month), max(b.last_month))) as note
from seen_profile as s, this_build as b
where s.feed = 'gp_registrations' and s.delivery = (select max(delivery) from seen_profile where feed = 'gp_registrations')
having count(s.month) > 0
union all
select
    'the same list again' as subject, sum(patients)::bigint as examined,
    count(*) filter (where not is_same) < least($changed_per_person * sum(patients), $changed_share * count(*)) as is_violation,
    format('{} of {} cells changed since the list before', count(*) filter (where not is_same), count(*)) as note
from cells having sum(patients) >= $minimum_people
