select
    {{ usable_practice_code('predecessor_code') }} as predecessor_code,
    {{ usable_practice_code('successor_code') }} as successor_code,
    reason_code,
    effective_date
from {{ source('live', 'ods_succession') }}
where
    {{ usable_practice_code('predecessor_code') }} is not null
    and {{ usable_practice_code('successor_code') }} is not null
