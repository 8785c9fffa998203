select
    delivery,
    data_cut,
    icb_code,
    icb_name,
    first_month,
    last_month,
    anticipation_months
from {{ source('plan', 'build') }}
