select
    delivery,
    data_cut,
    coverage_from,
    is_annual
from {{ source('plan', 'deliveries') }}
