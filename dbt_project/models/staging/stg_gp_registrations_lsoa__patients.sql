select
    extract_date,
    {{ month_start('extract_date') }} as list_month,
    {{ usable_practice_code('practice_code') }} as practice_code,
    lsoa_code,
    lower(sex) as sex,
    patients
from {{ source('live', 'gp_registrations_lsoa') }}
