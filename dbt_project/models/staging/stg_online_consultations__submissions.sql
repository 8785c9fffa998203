select
    {{ month_start('month') }} as month,
    {{ usable_practice_code('practice_code') }} as practice_code,
    pcn_code,
    sub_icb_code,
    supplier,
    submissions,
    clinical_submissions,
    administrative_submissions,
    other_submissions,
    registered_patients,
    rate_per_1000,
    participation
from {{ source('live', 'online_consultations') }}
