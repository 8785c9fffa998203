select
    person_id,
    cohort_id,
    coalesce(valid_from, cast('1900-01-01' as date)) as valid_from,
    coalesce(valid_to, cast('9999-12-31' as date)) as valid_to,
    status
from {{ source('live', 'person_cohorts') }}
where person_id is not null
