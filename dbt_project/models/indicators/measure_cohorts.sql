-- Each pair of additive measure and cohort that an indicator counts or divides by, with a number: the models that hold many rows carry
-- numbers, and take the names again at the end.
with

used as (
    select
        numerator_measure_id as measure_id,
        cohort_id
    from {{ ref('indicator_cohorts') }}
    where measure_kind = 'additive'
    union
    select
        denominator_measure_id as measure_id,
        denominator_cohort_id as cohort_id
    from {{ ref('indicator_cohorts') }}
)

select
    cast(row_number() over (order by measure_id, cohort_id) as integer) as measure_cohort_key,
    measure_id,
    cohort_id
from used
