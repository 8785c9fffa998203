-- Mix of codes per coded column, provider and month against the provider's history: is the effect size w of the contingency table
-- larger than the limit, and certainly larger than half of it? Categories seen fewer than five times in expectation are pooled.
with supplied as (
    select distinct coverage_month as month from inputs.plan.feed_coverage, this_build
    where feed = '$feed' and feed_coverage.delivery = this_build.delivery
        and coverage_month between first_month and last_month
),
cells as (
    select delivery, column_name, coalesce(provider_code, '') as provider_code, month, code, rows
    from seen_codes
    where feed = '$feed' and month is not null and code is not null
        and not list_contains(string_split('$skip', ' '), column_name)
),
newer as (
    select * from cells where delivery = (select delivery from this_build) and month in (select month from supplied)
),
has_older as (
    select distinct column_name, provider_code from cells where delivery < (select delivery from this_build)
),
older as (
    select column_name, provider_code, month, code, arg_max(rows, delivery) as rows
    from cells where delivery < (select delivery from this_build) group by all
),
units as (
    select column_name, provider_code, month, sum(rows) as n from newer group by all
),
history as (
    select u.column_name, u.provider_code, u.month, o.code, sum(o.rows) as h
    from units as u inner join older as o using (column_name, provider_code)
    group by u.column_name, u.provider_code, u.month, o.code
    union all
    select u.column_name, u.provider_code, u.month, o.code, sum(o.rows) as h
    from units as u
    inner join newer as o on o.column_name = u.column_name and o.provider_code = u.provider_code and o.month <> u.month
    where not exists (select 1 from has_older)
    group by u.column_name, u.provider_code, u.month, o.code
),
totals as (
    select column_name, provider_code, month, sum(h) as big_n, count(*) as k from history group by all
),
joined as (
    select
        coalesce(h.column_name, n.column_name) as column_name,
        coalesce(h.provider_code, n.provider_code) as provider_code,
        coalesce(h.month, n.month) as month,
        coalesce(n.rows, 0) as o,
        coalesce(h.h, 0) as h
    from history as h
    full join newer as n
        on n.column_name = h.column_name and n.provider_code = h.provider_code and n.month = h.month and n.code = h.code
),
expected as (
    select j.column_name, j.provider_code, j.month, j.o, u.n, t.big_n, u.n * (j.h + 0.5) / (t.big_n + 0.5 * t.k) as e
    from joined as j
    inner join units as u using (column_name, provider_code, month)
    inner join totals as t using (column_name, provider_code, month)
    where t.big_n >= $minimum_history and u.n >= $minimum_rows
),
pooled as (
    select column_name, provider_code, month, n, big_n, case when e < 5 then -1 else row_number() over () end as category, o, e
    from expected
),
terms as (
    select column_name, provider_code, month, n, big_n, category, sum(o) as o, sum(e) as e from pooled group by all
),
scored as (
    select
        column_name, provider_code, month, n,
        sum((o - e) * (o - e) / greatest(e, 1)) / (1 + n / big_n) as chi_square,
        greatest(count(*) - 1, 1) as df
    from terms group by column_name, provider_code, month, n, big_n
)
select
    concat_ws(' ', column_name, said(provider_code), strftime(month, '%Y-%m')) as subject,
    n as examined,
    sqrt(greatest(0, chi_square - df) / n) > $effect and effect_distance(chi_square, df, n, $effect / 2) > $standard_errors as is_violation,
    format('mix differs from its history by an effect of {:.2f}', sqrt(greatest(0, chi_square - df) / n)) as note
from scored
