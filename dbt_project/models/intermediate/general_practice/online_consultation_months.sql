{{ config(materialized='view') }}

select
    month as event_month,
    practice_code,
    sub_icb_code,
    supplier,
    submissions,
    clinical_submissions,
    administrative_submissions,
    other_submissions,
    registered_patients,
    participation
from {{ ref('stg_online_consultations__submissions') }}
