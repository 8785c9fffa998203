-- Share of blanks per column, provider and month of this delivery against the provider's history (earlier deliveries, or the other
-- months of a first one): a column that empties, or that suddenly is never blank because zeros or defaults were written into it.
with supplied as (
    select distinct coverage_month as month from inputs.plan.feed_coverage, this_build
    where feed = '$feed' and feed_coverage.delivery = this_build.delivery
        and coverage_month between first_month and last_month
),
cells as (
    select delivery, column_name, coalesce(provider_code, '') as provider_code, month, rows, nulls
    from seen_profile where feed = '$feed' and month is not null
),
newer as (
    select * from cells
    where delivery = (select delivery from this_build) and month in (select month from supplied) and rows > 0
),
older as (
    select column_name, provider_code, sum(rows) as rows, sum(nulls) as nulls
    from cells where delivery < (select delivery from this_build) group by all
),
compared as (
    select n.column_name, n.provider_code, n.month, n.rows, n.nulls, o.rows as h_rows, o.nulls as h_nulls
    from newer as n inner join older as o using (column_name, provider_code)
    union all
    select
        n.column_name, n.provider_code, n.month, n.rows, n.nulls,
        sum(o.rows) as h_rows, sum(o.nulls) as h_nulls
    from newer as n
    inner join newer as o on o.column_name = n.column_name and o.provider_code = n.provider_code and o.month <> n.month
    where not exists (select 1 from older)
    group by all
),
scored as (
    select *, nulls / rows as p, h_nulls / h_rows as q
    from compared where h_rows >= $minimum_history and rows >= $minimum_rows and not list_contains(string_split('$skip', ' '), column_name)
)
select
    concat_ws(' ', column_name, said(provider_code), strftime(month, '%Y-%m')) as subject,
    rows as examined,
    abs(p - q) > $floor and abs(share_distance(nulls, rows, h_nulls, h_rows)) > $standard_errors as is_violation,
    format('{:.0f} % blank, {:.0f} % in its history', 100 * p, 100 * q) as note
from scored
