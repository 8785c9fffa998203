select
    delivery,
    data_cut,
    icb_code,
    icb_name,
    first_month,
    last_month
from {{ source('plan', 'build') }}
