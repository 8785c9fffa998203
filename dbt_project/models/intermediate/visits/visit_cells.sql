-- Contacts of every setting, counted once per month, practice and type (definitions C7): the only pass over the big feeds that the
-- count marts make. `is_icb_only` marks counts that exist at sub-ICB level only.
with gp_records as (
    select
        appointments.appointment_month as month,
        appointments.practice_code,
        appointments.staff_group,
        appointments.status,
        count(*) as appointments
    from {{ ref('stg_gp_appointments__appointments') }} as appointments
    inner join {{ ref('gp_appointment_month_sources') }} as sources
        on appointments.appointment_month = sources.month and sources.source = 'gp_appointments'
    group by appointments.appointment_month, appointments.practice_code, appointments.staff_group, appointments.status
),

gp as (
    select
        gp_records.month,
        gp_records.practice_code,
        false as is_icb_only,
        gp_records.staff_group,
        gp_records.status,
        gp_records.appointments,
        'gp_appointments' as source
    from gp_records
    union all
    select
        event_month as month,
        practice_code,
        publication_level = 'sub_icb' as is_icb_only,
        staff_group,
        status,
        appointments,
        'gp_appointments_published' as source
    from {{ ref('gp_appointment_published_cells') }}
)

select
    'gp_appointment' as setting,
    staff_group as visit_type,
    month,
    practice_code,
    is_icb_only,
    source,
    sum(case when status = 'attended' then appointments else 0 end) as visits,
    sum(case when status = 'did_not_attend' then appointments else 0 end) as not_attended,
    sum(case when status = 'unknown' then appointments else 0 end) as status_unknown
from gp
group by staff_group, month, practice_code, is_icb_only, source
union all
select
    setting,
    visit_type,
    event_month as month,
    practice_code,
    false as is_icb_only,
    feed as source,
    count(*) as visits,
    0 as not_attended,
    0 as status_unknown
from {{ ref('ae_attendances') }}
where is_visit
group by setting, visit_type, event_month, practice_code, feed
union all
select
    'outpatient_attendance' as setting,
    visit_type,
    event_month as month,
    practice_code,
    false as is_icb_only,
    'hes_op' as source,
    sum(case when is_attended then 1 else 0 end) as visits,
    sum(case when is_did_not_attend then 1 else 0 end) as not_attended,
    sum(case when is_status_unknown then 1 else 0 end) as status_unknown
from {{ ref('outpatient_appointments') }}
group by visit_type, event_month, practice_code
union all
select
    'community_contact' as setting,
    team_type as visit_type,
    event_month as month,
    practice_code,
    false as is_icb_only,
    'community_contacts' as source,
    sum(case when is_attended then 1 else 0 end) as visits,
    sum(case when is_did_not_attend then 1 else 0 end) as not_attended,
    sum(case when is_status_unknown then 1 else 0 end) as status_unknown
from {{ ref('community_contact_events') }}
group by team_type, event_month, practice_code
