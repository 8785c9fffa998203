-- Share of the records of this delivery that are dated after its data cut: removed by name, or (contract lines have months, not days) live.
with counted as (
    select
        (select coalesce(sum(rows_read), 0) from inputs.plan.files where feed = '$feed' and delivery = b.delivery) as read,
        (
            select coalesce(sum(rows), 0) from inputs.plan.rows_removed
            where feed = '$feed' and rule = 'after_data_cut' and delivery = b.delivery
        ) + (select coalesce(sum(y), 0) from seen_volume where feed = '$feed' and delivery = b.delivery and month > b.data_cut) as after
    from this_build as b
)
select
    'records after the data cut' as subject, read::bigint as examined,
    after > $share * read and after >= $least_rows as is_violation,
    format('{:.1f} % are dated after the cut', 100 * after / read) as note
from counted where read >= $minimum_rows
