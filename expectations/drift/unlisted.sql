-- Records whose code no list names, so that every mart calls them unknown: a new code, or free text in the column. How many, never what.
select
    strftime(coverage_month, '%Y-%m') as subject,
    count(*) as examined,
    count(*) filter (where $code is not null and lower($code) not in (select lower($listed) from seeds.$list)) > $share * count(*) as is_violation,
    format(
        '{:.1f} % of the records have a $what outside the list',
        100.0 * count(*) filter (where $code is not null and lower($code) not in (select lower($listed) from seeds.$list)) / count(*)
    ) as note
from inputs.live.$feed as live, this_build as b
where live.delivery = b.delivery and coverage_month between b.first_month and b.last_month
group by coverage_month
