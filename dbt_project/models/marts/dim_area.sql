select
    {{ area_key('area_type', 'area_code') }} as area_key,
    area_type,
    area_code,
    area_name,
    pcn_code,
    hcp_code,
    icb_code,
    valid_from,
    valid_to,
    go_live_month,
    is_current
from {{ ref('areas') }}
