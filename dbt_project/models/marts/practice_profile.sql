select *
from {{ ref('practice_profiles') }}
