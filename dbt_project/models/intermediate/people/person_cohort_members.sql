{{ config(materialized='view') }}

select
    person_id,
    cohort_id,
    valid_from,
    valid_to,
    status
from {{ ref('stg_person_cohorts__members') }}
