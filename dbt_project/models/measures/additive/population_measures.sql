-- Populations are cells too (design 5). The split by deprivation comes from the lists by LSOA.
with

by_age as (
    select
        measures.measure_id,
        population.month,
        population.practice_code,
        population.sex,
        population.age_band,
        population.registered_population
    from {{ ref('registered_population') }} as population
    left join {{ ref('esp2013') }} as bands on population.age_band = bands.age_band
    inner join (values ('registered_population', 0), ('registered_population_65_plus', 65), ('registered_population_75_plus', 75))
        as measures (measure_id, age_from)
        on measures.age_from = 0 or bands.age_from >= measures.age_from
),

members as (
    select
        measures.measure_id,
        members.cohort_id,
        members.month,
        members.practice_code,
        members.sex,
        members.age_band,
        members.people
    from {{ ref('person_cohort_population') }} as members
    left join {{ ref('esp2013') }} as bands on members.age_band = bands.age_band
    inner join (values ('registered_population', 0), ('registered_population_65_plus', 65), ('registered_population_75_plus', 75))
        as measures (measure_id, age_from)
        on measures.age_from = 0 or bands.age_from >= measures.age_from
)

select
    measure_id,
    'all' as cohort_id,
    'sex_age' as cut,
    month,
    practice_code,
    coalesce(sex, 'unknown') as sex,
    coalesce(age_band, 'unknown') as age_band,
    cast(null as integer) as imd_quintile,
    cast(sum(registered_population) as decimal(18, 2)) as numerator
from by_age
group by all
union all
select
    'registered_population' as measure_id,
    'all' as cohort_id,
    'imd' as cut,
    month,
    practice_code,
    'all' as sex,
    'all' as age_band,
    imd_quintile,
    cast(sum(registered_population) as decimal(18, 2)) as numerator
from {{ ref('registered_population_imd') }}
group by all
union all
select
    measure_id,
    cohort_id,
    'sex_age' as cut,
    month,
    practice_code,
    sex,
    age_band,
    cast(null as integer) as imd_quintile,
    cast(sum(people) as decimal(18, 2)) as numerator
from members
group by all
