select
    appointment_id,
    person_id,
    {{ usable_practice_code('practice_code') }} as practice_code,
    appointment_date,
    {{ month_start('appointment_date') }} as appointment_month,
    booked_date,
    {{ gp_status('appt_status') }} as status,
    {{ gp_staff_group('hcp_type') }} as staff_group,
    {{ gp_mode('appt_mode') }} as mode,
    national_category,
    duration_minutes,
    age_years,
    sex,
    ethnic_group,
    lsoa11 as lsoa_code
from {{ source('live', 'gp_appointments') }}
