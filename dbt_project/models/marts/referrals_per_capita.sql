select
    int_code,
    month,
    source,
    specialty_code,
    specialty_name,
    referrals,
    registered_population,
    referrals_per_1000,
    referrals_per_1000_lower_95,
    referrals_per_1000_upper_95,
    period_status,
    null_reason
from {{ ref('referrals_by_boundary') }}
where boundary = 'marts'
