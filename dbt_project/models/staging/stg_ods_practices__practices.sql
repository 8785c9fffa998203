select
    {{ usable_practice_code('practice_code') }} as practice_code,
    practice_name,
    icb_code,
    sub_icb_code,
    open_date,
    close_date,
    status,
    prescribing_setting,
    join_date,
    left_date
from {{ source('live', 'ods_practices') }}
where {{ usable_practice_code('practice_code') }} is not null
