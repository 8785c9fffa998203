select
    lsoa_code,
    imd_decile,
    {{ imd_quintile('imd_decile') }} as imd_quintile,
    imd_rank,
    council_code
from {{ source('live', 'lsoa_deprivation') }}
