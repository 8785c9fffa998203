select
    feed,
    provider_code,
    coverage_month,
    is_received
from {{ source('plan', 'expected_providers') }}
