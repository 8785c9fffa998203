select
    level as publication_level,
    case when level = 'practice' then {{ usable_practice_code('practice_code') }} end as practice_code,
    sub_icb_code,
    coalesce({{ month_start('appointment_date') }}, {{ month_start('appointment_month') }}) as appointment_month,
    {{ gp_status('appt_status') }} as status,
    {{ gp_staff_group('hcp_type') }} as staff_group,
    {{ gp_mode('appt_mode') }} as mode,
    national_category,
    time_between_book_and_appt as booking_band,
    appointments
from {{ source('live', 'gp_appointments_published') }}
