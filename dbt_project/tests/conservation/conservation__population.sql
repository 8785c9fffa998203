{{ config(meta={
    'gate': 'block',
    'owner': 'ICB intelligence team',
    'relation': 'intermediate.area_populations',
    'what_to_do': 'Records or pounds were lost or counted twice between the events and the mart. Never publish this; tell the data engineer.',
    'is_conservation': true,
}) }}

-- Everybody on a list of an ICB practice is in one area, on either boundary; a practice that left for another ICB takes its list along.
with listed as (
    select
        areas.boundary,
        population.month,
        sum(population.registered_population) as people
    from {{ ref('registered_population') }} as population
    inner join {{ ref('practice_areas') }} as areas
        on population.month = areas.month and population.practice_code = areas.practice_code
    group by areas.boundary, population.month
),

by_area as (
    select
        boundary,
        month,
        sum(registered_population) as people
    from {{ ref('area_months') }}
    group by boundary, month
)

select
    by_area.boundary,
    by_area.month,
    listed.people as listed_people,
    by_area.people as area_people
from by_area
left join listed on by_area.boundary = listed.boundary and by_area.month = listed.month
where coalesce(listed.people, 0) <> coalesce(by_area.people, 0)
