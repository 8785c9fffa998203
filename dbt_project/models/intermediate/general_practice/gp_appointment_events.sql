{{ config(materialized='view') }}

-- Appointments of the months that records cover; of other months published counts stand, and a stray record is counted as removed.
select
    appointments.appointment_month as event_month,
    appointments.appointment_date as event_date,
    appointments.practice_code,
    appointments.person_id,
    appointments.sex,
    appointments.age_years,
    {{ age_band('appointments.age_years') }} as age_band,
    deprivation.imd_quintile,
    appointments.ethnic_group,
    appointments.status,
    appointments.staff_group,
    appointments.mode,
    appointments.national_category,
    appointments.duration_minutes,
    case
        when appointments.booked_date <= appointments.appointment_date
            then {{ days_between('appointments.booked_date', 'appointments.appointment_date') }}
    end as days_booked_ahead
from {{ ref('stg_gp_appointments__appointments') }} as appointments
left join {{ ref('lsoa_fifths') }} as deprivation on appointments.lsoa_code = deprivation.lsoa_code
inner join {{ ref('gp_appointment_month_sources') }} as sources
    on appointments.appointment_month = sources.month and sources.source = 'gp_appointments'
