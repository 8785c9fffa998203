select
    int_code,
    area_type,
    area_code,
    share_pct
from {{ ref('team_surroundings') }}
