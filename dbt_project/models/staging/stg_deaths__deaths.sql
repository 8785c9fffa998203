select
    person_id,
    death_date,
    {{ usable_practice_code('practice_code') }} as practice_code,
    age_years,
    sex
from {{ source('live', 'deaths') }}
