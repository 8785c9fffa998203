select
    int_code,
    month,
    point_of_delivery,
    cost_basis,
    activity,
    activity_priced,
    spend_gbp,
    registered_population,
    spend_per_head_gbp,
    price_year,
    period_status,
    null_reason
from {{ ref('spend_by_boundary') }}
where boundary = 'marts'
