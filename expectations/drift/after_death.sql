-- People who are said to have died in the months of this delivery, and who came to hospital on a later day all the same. A few are
-- mistakes of one record; many are the wrong people, or dates that were moved.
with dead as (
    select person_id, death_date
    from inputs.live.deaths as live, this_build as b
    where live.delivery = b.delivery and death_date between b.first_month and b.data_cut
),
seen as (
    select person_id, apptdate as day from inputs.live.hes_op where attended in ('5', '6') and person_id in (select person_id from dead)
    union all
    select person_id, arrival_date from inputs.live.ecds where person_id in (select person_id from dead)
    union all
    select person_id, admidate from inputs.live.hes_apc where person_id in (select person_id from dead)
),
-- the day after is left to deaths after midnight
returned as (
    select distinct dead.person_id from dead inner join seen on dead.person_id = seen.person_id and seen.day > dead.death_date + 1
),
counted as (
    select (select count(*) from dead) as deaths, (select count(*) from returned) as returned
)
select
    'deaths of this delivery' as subject, deaths as examined,
    returned / deaths > $share and share_beyond(returned, deaths, $share) > $standard_errors as is_violation,
    format('{:.0f} % came to hospital afterwards', 100 * returned / deaths) as note
from counted where deaths >= $minimum_people
