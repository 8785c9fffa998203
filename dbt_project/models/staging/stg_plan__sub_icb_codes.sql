select sub_icb_code
from {{ source('plan', 'sub_icb_codes') }}
