select
    contact_id,
    person_id,
    provider_code,
    {{ usable_practice_code('practice_code') }} as practice_code,
    referral_date,
    {{ timestamp_of('referral_date', 'referral_time') }} as referral_timestamp,
    contact_date,
    {{ timestamp_of('contact_date', 'contact_time') }} as contact_timestamp,
    {{ month_start('contact_date') }} as contact_month,
    team_type,
    attended as attendance_status,
    age_years,
    sex
from {{ source('live', 'community_contacts') }}
