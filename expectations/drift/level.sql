-- A published count per registered patient ($counted over $people) in each month of this delivery, against the median of all months
-- before it: thousands for units, one system left out, zeros for blanks.
with months as (
    select $month as month, sum($counted)::double / nullif(sum($people), 0) as level, sum($people) as people, bool_or(live.delivery = b.delivery) as is_newest
    from inputs.live.$feed as live, this_build as b
    where $month <= b.data_cut
    group by all
),
compared as (
    select n.month, n.level, n.people, median(o.level) as usual, count(o.level) as months
    from months as n inner join months as o on o.month < n.month and o.month >= n.month - to_months($months_around)
    where n.is_newest
    group by all
)
select
    strftime(month, '%Y-%m') as subject, people::bigint as examined,
    coalesce(level, 0) > usual * $ratio or coalesce(level, 0) < usual / $ratio as is_violation,
    format('{:.2f} times its history', coalesce(level, 0) / usual) as note
from compared where months >= $months_needed and usual > 0
