-- Share of the records of each delivery that were removed because their person has opted out.
with counted as (
    select f.delivery, sum(f.rows_read) as read, max(coalesce(r.rows, 0)) as removed
    from (
        select feed, delivery, sum(rows_read) as rows_read from inputs.plan.files
        where feed in (select feed from inputs.plan.rows_removed where rule = 'opt_out') group by all
    ) as f
    left join (select delivery, sum(rows) as rows from inputs.plan.rows_removed where rule = 'opt_out' group by all) as r using (delivery)
    group by f.delivery
)
select
    'records removed in ' || counted.delivery as subject, read::bigint as examined,
    removed / read > $share as is_violation,
    format('{:.1f} % of the records belong to people who opted out', 100 * removed / read) as note
from counted, this_build as b where counted.delivery = b.delivery and read >= $minimum_rows
