-- Admissions of this delivery by the emergency department (ADMIMETH 21) whose person arrived in one within three days of the admission:
-- most of them arrived or departed there on the very day. When the dates of either feed were moved, hardly any did.
with admissions as (
    select distinct person_id, admidate
    from inputs.live.hes_apc as live, this_build as b
    where admimeth = '21' and person_id is not null and live.delivery = b.delivery and admidate between b.first_month and b.data_cut
),
near as (
    select
        a.person_id, a.admidate,
        bool_or(coalesce(e.arrival_date = a.admidate, false) or coalesce(e.departure_date = a.admidate, false)) as is_same_day
    from admissions as a
    inner join inputs.live.ecds as e
        on e.person_id = a.person_id and e.arrival_date between a.admidate - 3 and a.admidate + 3
    group by all
),
counted as (
    select count(*) as n, count(*) filter (where is_same_day) as y from near having count(*) >= $minimum_rows
)
select
    'admissions by the emergency department' as subject,
    n as examined,
    share_beyond(y, n, $share) < -$standard_errors as is_violation,
    format('{:.0f} % of them were in the emergency department on the day of admission', 100 * y / n) as note
from counted
