select
    int_code,
    int_name,
    pcn_code,
    pcn_name,
    hcp_code,
    hcp_name,
    valid_from,
    valid_to,
    go_live_month,
    months_since_go_live,
    practices,
    is_current,
    is_special
from {{ ref('teams') }}
