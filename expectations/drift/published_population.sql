-- Registered people of the sub-ICB's practices against the number that the coverage file of GP appointments gives.
with ours as (
    select month, sum(registered_population) as people from intermediate.registered_population group by month
),
official as (
    select month, sum(patients_at_open_practices) as people
    from inputs.live.gp_coverage
    where sub_icb_code in (select sub_icb_code from inputs.plan.sub_icb_codes)
    group by month
)
select
    strftime(o.month, '%Y-%m') as subject, p.people::bigint as examined,
    abs(ln(o.people / p.people)) > $share as is_violation,
    format('{:.3f} times the official number', o.people / p.people) as note
from ours as o inner join official as p using (month)
where o.people > 0 and p.people > 0
