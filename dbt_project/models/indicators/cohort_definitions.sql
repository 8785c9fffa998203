-- Every cohort: the rows of the seed, and each cohort_id that the person_cohorts feed brings (its members are the denominator).
with

delivered as (
    select distinct cohort_id
    from {{ ref('person_cohort_periods') }}
)

select
    cohort_id,
    title,
    description,
    kind,
    age_from,
    age_to,
    sex,
    imd_quintile,
    population_measure_id,
    months_of_history,
    source,
    definition_version
from {{ ref('cohorts') }}
union all
select
    delivered.cohort_id,
    coalesce(expected.title, concat('List: ', replace(delivered.cohort_id, '_', ' '))) as title,
    coalesce(
        expected.description || ' The denominator is the members themselves.',
        'People on the list delivered under this name, while they are on it; the denominator is the members themselves.'
    ) as description,
    'person_list' as kind,
    cast(null as integer) as age_from,
    cast(null as integer) as age_to,
    cast(null as varchar) as sex,
    cast(null as integer) as imd_quintile,
    'registered_population' as population_measure_id,
    cast(null as integer) as months_of_history,
    'person_cohorts feed' as source,
    '1.0' as definition_version
from delivered
left join {{ ref('expected_lists') }} as expected on delivered.cohort_id = expected.cohort_id
left join {{ ref('cohorts') }} as cohorts on delivered.cohort_id = cohorts.cohort_id
where cohorts.cohort_id is null
