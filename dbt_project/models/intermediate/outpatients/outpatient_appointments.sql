{{ config(materialized='view') }}

-- An RTT clock stop (FIRSTATT 5) is an administrative event, not an appointment: out, by the rule `outpatient_clock_stop`.
select
    appointments.appointment_month as event_month,
    appointments.appointment_date as event_date,
    appointments.practice_code,
    appointments.person_id,
    appointments.sex,
    appointments.age_years,
    appointments.age_band,
    deprivation.imd_quintile,
    appointments.ethnic_group,
    appointments.provider_code,
    {{ outpatient_visit_type('appointments.first_attendance', 'appointments.procedure_codes') }} as visit_type,
    coalesce(appointments.attendance_status in ('5', '6'), false) as is_attended,
    -- 7 arrived too late to be seen: like 3 an appointment lost, unlike 2 and 4 not cancelled
    coalesce(appointments.attendance_status in ('3', '7'), false) as is_did_not_attend,
    -- 0 is an appointment still to come, 2 and 4 are cancelled: neither kept nor lost nor unknown
    coalesce(appointments.attendance_status, '9') not in ('0', '2', '3', '4', '5', '6', '7') as is_status_unknown,
    coalesce(appointments.first_attendance in ('1', '3'), false) as is_first,
    coalesce(appointments.first_attendance in ('3', '4'), false) as is_tele,
    appointments.procedure_codes is not null as is_procedure,
    appointments.attendance_status,
    appointments.referral_source,
    appointments.request_date,
    appointments.priority,
    appointments.outcome,
    appointments.treatment_function_code,
    appointments.main_specialty_code
from {{ ref('stg_hes_op__appointments') }} as appointments
left join {{ ref('lsoa_fifths') }} as deprivation on appointments.lsoa_code = deprivation.lsoa_code
where coalesce(appointments.first_attendance, 'X') <> '5'
