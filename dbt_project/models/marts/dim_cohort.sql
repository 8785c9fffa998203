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
from {{ ref('cohort_definitions') }}
