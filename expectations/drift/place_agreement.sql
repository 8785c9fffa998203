-- Has a person the same practice and home in this feed of this delivery as anywhere else that person is known? Whoever moved is known at
-- more than one place, or at a new one; when codes were mixed up between people or practices exchanged, nearly everybody is. A practice
-- that was merged counts as its successor, because not every feed changes the code on the same day.
with successors as (
    select predecessor_code, max(successor_code) as successor_code from inputs.live.ods_succession group by predecessor_code
),
seen as (
    select
        s.person_id, s.space, s.feed = '$feed' and s.is_newest as is_judged,
        unnest(['practice', 'home']) as what, unnest([coalesce(f.successor_code, s.practice_code), s.lsoa_code]) as place
    from seen_people as s left join successors as f on f.predecessor_code = s.practice_code
),
placed as (
    select * from seen where place is not null and not starts_with(place, 'V8199')
),
known as (
    select person_id, what, list(distinct place) as places
    from placed where not is_judged and space = (select max(space) from placed where is_judged) group by all
),
matched as (
    select p.what, k.places, (not list_contains(k.places, p.place))::int as is_elsewhere
    from placed as p inner join known as k using (person_id, what) where p.is_judged
),
shares as (
    select what as subject, what, count(*) as n, sum(is_elsewhere) as wrong, $share as most from matched group by what
    union all
    -- by the practice they are known at, so that a new practice that takes over some people of others is no fault
    select what || ' ' || place, what, count(*), sum(is_elsewhere), $practice_share
    from matched, unnest(places) as known_at (place) where what = 'practice' group by what, place
)
select
    subject, n as examined, share_beyond(wrong, n, most) > $standard_errors as is_violation,
    format('{:.0f} % of the people known elsewhere have another {} there', 100 * wrong / n, what) as note
from shares where n >= $minimum_people
