-- Populations are cells too (design 5). The split by deprivation comes from the lists by LSOA, which know no ages: the old are not counted
-- there, which is null and not nought.
select
    'all' as cohort_id,
    'sex_age' as cut,
    population.month,
    population.practice_code,
    coalesce(population.sex, 'unknown') as sex,
    coalesce(population.age_band, 'unknown') as age_band,
    cast(null as integer) as imd_quintile,
    cast(null as integer) as day_class,
    cast(sum(population.registered_population) as decimal(18, 2)) as registered_population,
    cast(sum(population.registered_population * extract(day from {{ month_end('population.month') }})) as decimal(18, 2)) as registered_population_days,
    cast(sum(population.registered_population) filter (where bands.age_from >= 65) as decimal(18, 2)) as registered_population_65_plus,
    cast(sum(population.registered_population) filter (where bands.age_from >= 75) as decimal(18, 2)) as registered_population_75_plus
from {{ ref('registered_population') }} as population
left join {{ ref('esp2013') }} as bands on population.age_band = bands.age_band
group by all
union all
select
    'all' as cohort_id,
    'imd' as cut,
    month,
    practice_code,
    'all' as sex,
    'all' as age_band,
    imd_quintile,
    cast(null as integer) as day_class,
    cast(sum(registered_population) as decimal(18, 2)) as registered_population,
    cast(sum(registered_population * extract(day from {{ month_end('month') }})) as decimal(18, 2)) as registered_population_days,
    null as registered_population_65_plus,
    null as registered_population_75_plus
from {{ ref('registered_population_imd') }}
group by all
union all
select
    members.cohort_id,
    'sex_age' as cut,
    members.month,
    members.practice_code,
    members.sex,
    members.age_band,
    cast(null as integer) as imd_quintile,
    cast(null as integer) as day_class,
    cast(sum(members.people) as decimal(18, 2)) as registered_population,
    cast(sum(members.people * extract(day from {{ month_end('members.month') }})) as decimal(18, 2)) as registered_population_days,
    cast(sum(members.people) filter (where bands.age_from >= 65) as decimal(18, 2)) as registered_population_65_plus,
    cast(sum(members.people) filter (where bands.age_from >= 75) as decimal(18, 2)) as registered_population_75_plus
from {{ ref('person_cohort_population') }} as members
left join {{ ref('esp2013') }} as bands on members.age_band = bands.age_band
group by all
