-- The practice × month grid of appointments: practices that sent before, are still there (patients on the newest list, or appointments in
-- a later month) and whose other months say that appointments are certain, but have none in the month. One row per month.
with cells as (
    select practice_code, date_trunc('month', $month)::date as month, sum($counted) as y
    from inputs.live.$feed where $rows and practice_code is not null group by all
),
months as (
    select unnest(generate_series(
        greatest(min(cells.month), max(b.first_month))::timestamp, max(b.last_month)::timestamp, interval 1 month
    ))::date as month
    from cells, this_build as b
),
registered as (
    select practice_code from inputs.live.gp_registrations
    where extract_date = (select max(extract_date) from inputs.live.gp_registrations)
    group by practice_code having sum(patients) > 0
),
practices as (
    select practice_code, min(month) as first_month, max(month) as last_month from cells group by practice_code
),
expected as (
    select
        p.practice_code, m.month, coalesce(any_value(own.y), 0) as y,
        median(c.y) as usual, count(c.y) as months
    from practices as p
    inner join months as m on m.month > p.first_month
    left join cells as own on own.practice_code = p.practice_code and own.month = m.month
    inner join cells as c
        on c.practice_code = p.practice_code and c.month <> m.month
            and abs(date_diff('month', c.month, m.month)) <= $months_around
    where m.month < p.last_month or p.practice_code in (select practice_code from registered)
    group by p.practice_code, m.month
)
select
    strftime(month, '%Y-%m') as subject,
    count(*) as examined,
    coalesce(sum(usual) filter (where y = 0 and usual >= $certain), 0) > $share * sum(usual) as is_violation,
    format('{} of {} practices sent nothing', count(*) filter (where y = 0 and usual >= $certain), count(*)) as note
from expected where months >= $months_needed group by month
