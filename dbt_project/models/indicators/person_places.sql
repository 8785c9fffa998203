-- Where a person's events are added up, by number, and the areas that each place is part of. A place is an area (its own `area_key`) or, for
-- the settled, a practice that is in the same team, network and partnership throughout (a negative number): any month tells its areas.
with unmoved_practices as (
    select
        practice_code,
        cast(-row_number() over (order by practice_code) as integer) as place_key
    from {{ ref('practice_areas') }}
    group by practice_code
    having
        count(distinct int_code) = 1 and count(distinct coalesce(pcn_code, '')) = 1 and count(distinct coalesce(hcp_code, '')) = 1
)

select distinct
    area_key as place_key,
    cast(null as varchar) as practice_code,
    area_key
from {{ ref('indicator_areas') }}
union all
select distinct
    unmoved_practices.place_key,
    unmoved_practices.practice_code,
    areas.area_key
from unmoved_practices
inner join {{ ref('practice_area_keys') }} as areas on unmoved_practices.practice_code = areas.practice_code
