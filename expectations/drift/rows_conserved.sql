-- Every row that was read is live, quarantined or removed under a name, over all deliveries up to this one.
select
    '$feed' as subject,
    f.rows_read as examined,
    f.rows_read <> l.rows_live + f.rows_quarantined + coalesce(r.rows, 0) as is_violation,
    format('{} rows read, {} accounted for', f.rows_read, l.rows_live + f.rows_quarantined + coalesce(r.rows, 0)) as note
from (
    select coalesce(sum(rows_read), 0)::bigint as rows_read, coalesce(sum(rows_quarantined), 0)::bigint as rows_quarantined
    from inputs.plan.files where feed = '$feed'
) as f
cross join (select count(*) as rows_live from inputs.live.$feed) as l
cross join (select sum(rows)::bigint as rows from inputs.plan.rows_removed where feed = '$feed') as r
