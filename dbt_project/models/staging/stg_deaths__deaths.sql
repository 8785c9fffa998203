select
    person_id,
    death_date,
    {{ usable_practice_code('practice_code') }} as practice_code,
    age_years,
    sex,
    -- a word outside the contract's list is not known
    case when place_of_death in ('HOME', 'CARE_HOME', 'HOSPITAL', 'HOSPICE', 'OTHER') then lower(place_of_death) end as place_of_death
from {{ source('live', 'deaths') }}
