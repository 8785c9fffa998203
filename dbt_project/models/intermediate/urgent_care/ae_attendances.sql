with mental_health_diagnoses as (
    select distinct
        exploded.feed,
        exploded.attendance_key
    from (
        select
            feed,
            attendance_key,
            {{ unnest_codes('diagnosis_codes') }} as code
        from {{ ref('ae_attendance_records') }}
        where diagnosis_codes is not null
    ) as exploded
    inner join {{ ref('emergency_care_codes') }} as codes
        on codes.list_id = 'mental_health_diagnosis' and exploded.feed = codes.feed and exploded.code = codes.code
)

select
    {{ month_start('records.arrival_date') }} as event_month,
    records.arrival_date as event_date,
    records.practice_code,
    records.person_id,
    records.sex,
    records.age_years,
    {{ age_band('records.age_years') }} as age_band,
    deprivation.imd_quintile,
    records.ethnic_group,
    records.provider_code,
    records.site_code,
    records.feed,
    records.attendance_key,
    records.setting,
    case
        when records.setting = 'same_day_emergency_care' then 'sdec'
        when records.department_type in ('01', '02', '03', '04') then concat('type_', right(records.department_type, 1))
        else 'unknown'
    end as visit_type,
    records.department_type,
    records.is_unplanned,
    coalesce(records.department_type = '01', false) as is_type_1,
    records.arrival_timestamp,
    records.departure_minutes,
    records.conclusion_minutes,
    records.arrival_mode,
    records.acuity,
    records.chief_complaint,
    records.attendance_source,
    records.discharge_status,
    records.discharge_destination,
    records.discharge_follow_up,
    ambulance.code is not null as is_ambulance_arrival,
    left_before.code is not null as is_left_before_treatment,
    care_home.code is not null as is_from_care_home,
    -- no investigation, no treatment, and nobody but the GP to follow up: what another place might have given
    coalesce(
        records.feed = 'ecds'
        and (records.investigation_codes is null or no_investigation.code is not null)
        and (records.treatment_codes is null or no_treatment.code is not null)
        and follow_up.code is not null,
        false
    ) as is_low_acuity,
    mental_health_complaint.code is not null or mental_health_diagnoses.attendance_key is not null as is_mental_health
from {{ ref('ae_attendance_records') }} as records
left join {{ ref('ae_duplicates') }} as duplicates
    on records.feed = duplicates.feed and records.attendance_key = duplicates.attendance_key
left join {{ ref('stg_lsoa_deprivation__lsoas') }} as deprivation on records.lsoa_code = deprivation.lsoa_code
left join {{ ref('emergency_care_codes') }} as ambulance
    on ambulance.list_id = 'ambulance_arrival' and ambulance.feed = records.feed and records.arrival_mode = ambulance.code
left join {{ ref('emergency_care_codes') }} as left_before
    on
        left_before.list_id = 'left_before_treatment'
        and left_before.feed = records.feed
        and records.discharge_status = left_before.code
left join {{ ref('emergency_care_codes') }} as care_home
    on
        care_home.list_id = 'care_home_source'
        and care_home.feed = records.feed
        and records.attendance_source = care_home.code
left join {{ ref('emergency_care_codes') }} as follow_up
    on follow_up.list_id = 'no_follow_up' and follow_up.feed = records.feed and records.discharge_follow_up = follow_up.code
left join {{ ref('emergency_care_codes') }} as mental_health_complaint
    on
        mental_health_complaint.list_id = 'mental_health_complaint'
        and mental_health_complaint.feed = records.feed
        and records.chief_complaint = mental_health_complaint.code
left join {{ ref('emergency_care_codes') }} as no_investigation
    on
        no_investigation.list_id = 'no_investigation'
        and no_investigation.feed = records.feed
        and records.investigation_codes = concat(',', no_investigation.code, ',')
left join {{ ref('emergency_care_codes') }} as no_treatment
    on
        no_treatment.list_id = 'no_treatment'
        and no_treatment.feed = records.feed
        and records.treatment_codes = concat(',', no_treatment.code, ',')
left join mental_health_diagnoses
    on records.feed = mental_health_diagnoses.feed and records.attendance_key = mental_health_diagnoses.attendance_key
where duplicates.attendance_key is null
