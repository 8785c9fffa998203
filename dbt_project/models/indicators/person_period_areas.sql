-- Events per person and month, placed where they count. How to read it: the settled, all of whose events are at one practice that never
-- changes its areas, stay at their practice and are summed to areas later; only those who move are followed through each area of each
-- boundary. Exact for both, and eight times fewer rows. A person has a number of their own in each measure and cohort.
with

unmoved_practices as (
    select distinct
        practice_code,
        place_key
    from {{ ref('person_places') }}
    where practice_code is not null
),

people as (
    select
        measures.person_measure_key,
        cells.measure_id,
        cells.cohort_id,
        cells.person_id,
        row_number() over (order by measures.person_measure_key, cells.person_id) as person_key,
        -- one practice in all, and one that never changes its areas
        case
            when count(distinct cells.practice_code) = 1 and count(unmoved_practices.practice_code) = count(*)
                then max(unmoved_practices.place_key)
        end as settled_place_key
    from {{ ref('person_period_cells') }} as cells
    inner join {{ ref('person_measures') }} as measures
        on cells.measure_id = measures.measure_id and cells.cohort_id = measures.cohort_id
    left join unmoved_practices on cells.practice_code = unmoved_practices.practice_code
    group by measures.person_measure_key, cells.measure_id, cells.cohort_id, cells.person_id
),

events as (
    select
        people.person_measure_key,
        people.person_key,
        people.settled_place_key,
        cells.practice_code,
        cells.month,
        cells.sex,
        cells.age_band,
        cells.events
    from {{ ref('person_period_cells') }} as cells
    inner join people
        on cells.measure_id = people.measure_id and cells.cohort_id = people.cohort_id and cells.person_id = people.person_id
)

select
    events.person_measure_key,
    events.person_key,
    events.sex,
    events.age_band,
    areas.month_number,
    areas.area_key as place_key,
    -- one row though the person was seen through two practices of the area in the month
    cast(sum(events.events) as integer) as events
from events
inner join {{ ref('practice_area_keys') }} as areas
    on events.practice_code = areas.practice_code and events.month = areas.month
where events.settled_place_key is null
group by events.person_measure_key, events.person_key, events.sex, events.age_band, areas.month_number, areas.area_key
union all
select
    person_measure_key,
    person_key,
    sex,
    age_band,
    {{ month_number('month') }} as month_number,
    settled_place_key as place_key,
    events
from events
where settled_place_key is not null
