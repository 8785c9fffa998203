-- Each measure and cohort whose events are counted per person, with a number: what is sorted per person carries numbers (see person_steps).
select
    cast(row_number() over (order by measure_id, cohort_id) as integer) as person_measure_key,
    measure_id,
    cohort_id
from (
    select distinct
        measure_id,
        cohort_id
    from {{ ref('person_period_cells') }}
) as counted
