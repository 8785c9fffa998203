-- Events per person and month, placed where they count. Settled people, all of whose events are at one practice that belongs to one
-- team throughout, stay at their practice (area_type `practice`) and are summed to areas later; only those who move are followed
-- through each area of each boundary. Exact for both, and eight times fewer rows.
with

unmoved_practices as (
    select practice_code
    from {{ ref('practice_areas') }}
    group by practice_code
    having
        count(distinct int_code) = 1 and count(distinct coalesce(pcn_code, '')) = 1 and count(distinct coalesce(hcp_code, '')) = 1
),

people as (
    select
        cells.measure_id,
        cells.cohort_id,
        cells.person_id,
        count(distinct cells.practice_code) = 1 and count(unmoved_practices.practice_code) = count(*) as is_settled
    from {{ ref('person_period_cells') }} as cells
    left join unmoved_practices on cells.practice_code = unmoved_practices.practice_code
    group by cells.measure_id, cells.cohort_id, cells.person_id
)

select
    cells.measure_id,
    cells.cohort_id,
    cells.person_id,
    cells.sex,
    cells.age_band,
    {{ month_number('cells.month') }} as month_number,
    -- one row though the person was seen through two practices of the area in the month
    cast(sum(cells.events) as integer) as events,
    levels.boundary,
    levels.area_type,
    levels.area_code
from {{ ref('person_period_cells') }} as cells
inner join people
    on
        cells.measure_id = people.measure_id
        and cells.cohort_id = people.cohort_id
        and cells.person_id = people.person_id
inner join {{ ref('practice_levels') }} as levels
    on cells.practice_code = levels.practice_code and cells.month = levels.month
where not people.is_settled
group by
    cells.measure_id, cells.cohort_id, cells.person_id, cells.sex, cells.age_band, cells.month,
    levels.boundary, levels.area_type, levels.area_code
union all
select
    cells.measure_id,
    cells.cohort_id,
    cells.person_id,
    cells.sex,
    cells.age_band,
    {{ month_number('cells.month') }} as month_number,
    cells.events,
    'both' as boundary,
    'practice' as area_type,
    cells.practice_code as area_code
from {{ ref('person_period_cells') }} as cells
inner join people
    on
        cells.measure_id = people.measure_id
        and cells.cohort_id = people.cohort_id
        and cells.person_id = people.person_id
where people.is_settled
