-- How old the newest list is at the data cut, and whether it is a new list at all: two extracts with the same figure in nearly every
-- cell are one list under two dates.
with lists as (
    select date_trunc('month', extract_date)::date as month, practice_code, sex, age_group, sum(patients) as patients
    from inputs.live.gp_registrations group by all
),
newest as (
    select max(month) as month from lists
),
cells as (
    select n.patients = o.patients as is_same
    from lists as n
    inner join lists as o using (practice_code, sex, age_group)
    where n.month = (select month from newest)
        and o.month = (select max(month) from lists where month < (select month from newest))
        and n.patients >= 20
)
select
    'age of the newest list' as subject, 1 as examined,
    date_diff('month', n.month, b.last_month) > $months as is_violation,
    format('{} months before the data cut', date_diff('month', n.month, b.last_month)) as note
from newest as n, this_build as b
union all
select
    'the same list again' as subject, count(*) as examined,
    avg(is_same::int) > $same_share as is_violation,
    format('{:.0f} % of the cells as in the list before', 100 * avg(is_same::int)) as note
from cells having count(*) >= 100
