select
    'reported_measures' as feed,
    *
from {{ ref('stg_reported_measures__values') }}
