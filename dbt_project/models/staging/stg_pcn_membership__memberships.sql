select
    {{ usable_practice_code('practice_code') }} as practice_code,
    pcn_code,
    pcn_name,
    sub_icb_code,
    valid_from,
    valid_to
from {{ source('live', 'pcn_membership') }}
