select * exclude (boundary)
from {{ ref('indicator_values_by_boundary') }}
where boundary = 'marts'
