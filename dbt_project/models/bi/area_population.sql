-- People once: each stands in one team, sex and age band of a month. Months are not to be added up.
select
    case when max(case when areas.int_code = 'NO_INT' then 1 else 0 end) = 0 then {{ area_key("'int'", 'areas.int_code') }} end as area_key,
    areas.int_code,
    teams.int_name,
    teams.hcp_code,
    teams.hcp_name,
    cast(areas.month as timestamp) as month,
    population.sex,
    population.age_band,
    cast(case
        when population.age_band = '90_plus' then 90
        when population.age_band <> 'unknown' then cast(split_part(population.age_band, '_', 1) as integer)
    end as integer) as age_from,
    max(case when population.population_basis = 'list' then 0 else 1 end) = 1 as is_carried,
    cast(sum(population.registered_population) as bigint) as registered_population
from {{ ref('registered_population') }} as population
inner join {{ ref('practice_areas') }} as areas
    on population.month = areas.month and population.practice_code = areas.practice_code and areas.boundary = 'marts'
inner join {{ ref('dim_int') }} as teams on areas.int_code = teams.int_code
group by areas.int_code, teams.int_name, teams.hcp_code, teams.hcp_name, areas.month, population.sex, population.age_band
