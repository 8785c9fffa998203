-- For each person on a list, the stretches of time in which nothing changes, and all the lists that hold then: an event falls into one
-- stretch at most, so that joining them leaves the events as many as they are. A number stands for each set of lists.
with

edges as (
    select
        person_id,
        valid_from as day
    from {{ ref('person_cohort_periods') }}
    union
    select
        person_id,
        valid_to as day
    from {{ ref('person_cohort_periods') }}
),

stretches as (
    select
        person_id,
        day as valid_from,
        lead(day) over (partition by person_id order by day) as valid_to
    from edges
),

spans as (
    select
        stretches.person_id,
        stretches.valid_from,
        stretches.valid_to,
        list_sort(list(periods.cohort_id)) as cohort_ids
    from stretches
    inner join {{ ref('person_cohort_periods') }} as periods
        on
            stretches.person_id = periods.person_id
            and stretches.valid_from >= periods.valid_from
            and stretches.valid_to <= periods.valid_to
    group by stretches.person_id, stretches.valid_from, stretches.valid_to
)

select
    person_id,
    valid_from,
    valid_to,
    cohort_ids,
    cast(dense_rank() over (order by cohort_ids) as integer) as cohort_set_key
from spans
