{{ config(materialized='view') }}

select
    contact_month as event_month,
    contact_date as event_date,
    practice_code,
    person_id,
    sex,
    age_years,
    {{ age_band('age_years') }} as age_band,
    provider_code,
    coalesce(team_type, 'unknown') as team_type,
    referral_date,
    referral_timestamp,
    contact_timestamp,
    attendance_status,
    -- CSDS attendance codes: 5 and 6 seen, 3 and 7 not, 2 and 4 cancelled; Y and N where a provider sends a flag
    coalesce(attendance_status in ('5', '6', 'Y', 'y'), false) as is_attended,
    coalesce(attendance_status in ('3', '7', 'N', 'n'), false) as is_did_not_attend,
    coalesce(attendance_status, '9') = '9' as is_status_unknown
from {{ ref('stg_community_contacts__contacts') }}
