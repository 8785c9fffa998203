-- How well the lists by small area split each practice's list into fifths of deprivation (definitions E8): people on the list of the month,
-- and those of them who live in a fifth that is known. Where an area's fifths do not add up to its list within 2 %, its figures by fifth
-- are `not_recorded` in that month.
with lists as (
    select
        month,
        practice_code,
        sum(registered_population) as registered_population
    from {{ ref('registered_population') }}
    group by month, practice_code
),

fifths as (
    select
        month,
        practice_code,
        sum(registered_population) as people_in_fifths
    from {{ ref('registered_population_imd') }}
    where imd_quintile is not null
    group by month, practice_code
)

select
    lists.month,
    lists.practice_code,
    cast(lists.registered_population as bigint) as registered_population,
    cast(coalesce(fifths.people_in_fifths, 0) as bigint) as people_in_fifths
from lists
left join fifths on lists.month = fifths.month and lists.practice_code = fifths.practice_code
