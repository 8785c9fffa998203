select
    feed,
    coverage_month,
    provider_code,
    delivery,
    data_cut,
    is_annual,
    rows_live,
    is_covered
from {{ source('plan', 'feed_coverage') }}
