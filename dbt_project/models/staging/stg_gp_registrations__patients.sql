select
    extract_date,
    {{ month_start('extract_date') }} as list_month,
    {{ usable_practice_code('practice_code') }} as practice_code,
    sub_icb_code,
    lower(sex) as sex,
    case
        when upper(age_group) = 'ALL' then 'unknown'
        when age_group in ('90_94', '95+') then '90_plus'
        else age_group
    end as age_band,
    patients
from {{ source('live', 'gp_registrations') }}
