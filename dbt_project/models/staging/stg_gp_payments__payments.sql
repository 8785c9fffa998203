select
    {{ usable_practice_code('practice_code') }} as practice_code,
    sub_icb_code,
    cast(left(financial_year, 4) as integer) as financial_year_start,
    registered_patients,
    payments_gbp,
    payments_after_deductions_gbp
from {{ source('live', 'gp_payments') }}
