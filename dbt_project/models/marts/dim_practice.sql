select
    practice_code,
    practice_name,
    current_practice_code,
    int_code,
    pcn_code,
    hcp_code,
    valid_from,
    valid_to,
    open_date,
    close_date,
    registered_population
from {{ ref('practices') }}
