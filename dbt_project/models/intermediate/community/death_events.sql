{{ config(materialized='view') }}

select
    {{ month_start('death_date') }} as event_month,
    death_date as event_date,
    practice_code,
    person_id,
    sex,
    age_years,
    {{ age_band('age_years') }} as age_band,
    place_of_death
from {{ ref('stg_deaths__deaths') }}
where death_date is not null
