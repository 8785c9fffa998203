{{ config(materialized='view') }}

select
    contacts.contact_month as event_month,
    contacts.contact_date as event_date,
    contacts.practice_code,
    contacts.person_id,
    contacts.sex,
    contacts.age_years,
    {{ age_band('contacts.age_years') }} as age_band,
    contacts.provider_code,
    -- free text is no dimension: what the list does not name is unknown (definitions E11)
    coalesce(types.team_type, 'unknown') as team_type,
    contacts.referral_date,
    contacts.referral_timestamp,
    contacts.contact_timestamp,
    contacts.attendance_status,
    -- CSDS attendance codes: 5 and 6 seen, 3 and 7 not, 2 and 4 cancelled; Y and N where a provider sends a flag
    coalesce(contacts.attendance_status in ('5', '6', 'Y', 'y'), false) as is_attended,
    coalesce(contacts.attendance_status in ('3', '7', 'N', 'n'), false) as is_did_not_attend,
    coalesce(contacts.attendance_status, '9') = '9' as is_status_unknown
from {{ ref('stg_community_contacts__contacts') }} as contacts
left join {{ ref('community_team_types') }} as types on lower(contacts.team_type) = types.team_type
