{{ config(materialized='view') }}

-- Published counts that stand in their month, of the ICB's own places (definitions E7): `own_published_appointments` knows which.
select
    counts.appointment_month as event_month,
    counts.publication_level,
    counts.practice_code,
    counts.sub_icb_code,
    counts.status,
    counts.staff_group,
    counts.mode,
    counts.national_category,
    counts.booking_band,
    counts.appointments
from {{ ref('own_published_appointments') }} as counts
inner join {{ ref('gp_appointment_month_sources') }} as sources on counts.appointment_month = sources.month
where
    (sources.source = 'gp_appointments_published_practice' and counts.publication_level = 'practice')
    or (sources.source = 'gp_appointments_published_sub_icb' and counts.publication_level = 'sub_icb')
