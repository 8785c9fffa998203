-- Registered people of each area, in the age groups of the admissions mart; special codes other than NO_INT have none.
select
    areas.boundary,
    areas.month,
    areas.int_code,
    {{ age_group_of_band('population.age_band') }} as age_group,
    population.population_basis,
    cast(sum(population.registered_population) as bigint) as registered_population
from {{ ref('registered_population') }} as population
inner join {{ ref('practice_areas') }} as areas
    on population.month = areas.month and population.practice_code = areas.practice_code
group by
    areas.boundary, areas.month, areas.int_code, {{ age_group_of_band('population.age_band') }}, population.population_basis
