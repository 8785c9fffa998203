-- valid_to is the first day on which the membership no longer holds; blank means open
select
    {{ usable_practice_code('practice_code') }} as practice_code,
    int_code,
    int_name,
    pcn_code,
    pcn_name,
    hcp_code,
    hcp_name,
    coalesce(valid_from, cast('1900-01-01' as date)) as valid_from,
    coalesce(valid_to, cast('9999-12-31' as date)) as valid_to,
    go_live_month
from {{ source('live', 'int_membership') }}
where {{ usable_practice_code('practice_code') }} is not null
