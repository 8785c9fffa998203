{{ config(meta={
    'gate': 'warn',
    'owner': 'ICB intelligence team',
    'relation': 'intermediate.practice_areas',
    'what_to_do': 'A practice with registered patients has no team at the data cut: add it to int_membership, or accept that its people stand under NO_INT.',
}) }}

select
    areas.practice_code,
    sum(population.registered_population) as registered_population
from {{ ref('practice_areas') }} as areas
inner join {{ ref('registered_population') }} as population
    on areas.practice_code = population.practice_code and areas.month = population.month
inner join {{ ref('months') }} as months on areas.month = months.month
where areas.boundary = 'marts' and areas.int_code = 'NO_INT' and months.is_data_cut_month
group by areas.practice_code
