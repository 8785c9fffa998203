-- What a reference table says of the keys that the delivery before named too: changed and lost ones, and how many are new. Such tables
-- change by a few rows a month; more than that is another edition, another key, or a column in the wrong order.
with rows as (
    select s.delivery, s.key, s.value from seen_reference as s where s.feed = '$feed' and s.delivery <= (select delivery from this_build)
),
newest as (
    select * from rows where delivery = (select max(delivery) from rows)
),
before as (
    select * from rows where delivery = (select max(delivery) from rows where delivery < (select max(delivery) from rows))
),
compared as (
    select
        count(*) filter (where b.key is not null) as before,
        count(*) filter (where b.key is not null and n.key is null) as lost,
        count(*) filter (where b.key is null) as new,
        count(*) filter (where b.key is not null and n.key is not null and b.value is distinct from n.value) as changed
    from before as b full join newest as n using (key)
    where exists (select 1 from before)
)
select '$what that changed' as subject, before as examined, changed > $rows + $share * before as is_violation, format('{} of {}', changed, before) as note
from compared where before > 0
union all
select '$what that are gone' as subject, 0 as examined, lost > $rows + $share * before as is_violation, format('{} of {}', lost, before) as note
from compared where before > 0
union all
select '$what that are new' as subject, 0 as examined, new > $rows + $share_new * before as is_violation, format('{} beside {}', new, before) as note
from compared where before > 0
