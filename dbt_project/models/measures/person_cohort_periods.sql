-- One row per person, cohort and unbroken stretch of membership; overlapping rows of the feed are one stretch, so nobody counts twice.
with

periods as (
    select
        person_id,
        cohort_id,
        coalesce(valid_from, date '1900-01-01') as valid_from,
        coalesce(valid_to, date '9999-12-31') as valid_to
    from {{ ref('person_cohort_members') }}
    where person_id is not null and cohort_id is not null
),

stretches as (
    select
        *,
        case
            when valid_from <= max(valid_to) over (
                partition by person_id, cohort_id order by valid_from, valid_to rows between unbounded preceding and 1 preceding
            ) then 0
            else 1
        end as is_start
    from periods
    where valid_to > valid_from
),

numbered as (
    select
        *,
        sum(is_start) over (partition by person_id, cohort_id order by valid_from, valid_to rows unbounded preceding) as stretch
    from stretches
)

select
    person_id,
    cohort_id,
    min(valid_from) as valid_from,
    max(valid_to) as valid_to
from numbered
group by person_id, cohort_id, stretch
