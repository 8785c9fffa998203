select
    ubrn_id,
    action_id,
    person_id,
    action_timestamp,
    cast(action_timestamp as date) as action_date,
    action_code,
    specialty_code,
    specialty_name,
    priority_code,
    coalesce({{ usable_practice_code('practice_code') }}, {{ usable_practice_code('referring_org_code') }}) as practice_code,
    age_years,
    sex,
    coalesce(is_test_patient, false) as is_test_patient,
    nullif(trim(ar_status_code), '') is not null as is_advice_and_guidance
from {{ source('live', 'ers_referrals') }}
