-- Attendances that were counted once, with what the code lists of the seed say of them. A list that has no row for a feed cannot be told
-- from it: HES A&E knows neither acuity nor care homes (definitions E7).
{% set codes_of_lists = {
    'ambulance_arrival': 'records.arrival_mode',
    'left_before_treatment': 'records.discharge_status',
    'brought_in_dead': 'coalesce(records.patient_group, records.discharge_status)',
    'care_home_source': 'records.attendance_source',
    'care_home_destination': 'records.discharge_destination',
    'high_acuity': 'records.acuity',
    'lower_acuity': 'records.acuity',
    'no_follow_up': 'records.discharge_follow_up',
    'mental_health_complaint': 'records.chief_complaint',
} -%}
{# nothing else was done: the one code is all that the list of the record holds #}
{% set codes_that_stand_alone = {
    'no_investigation': 'records.investigation_codes', 'no_treatment': 'records.treatment_codes',
} -%}
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
    records.is_visit,
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
    ambulance_arrival.code is not null as is_ambulance_arrival,
    left_before_treatment.code is not null as is_left_before_treatment,
    brought_in_dead.code is not null as is_brought_in_dead,
    care_home_source.code is not null or care_home_destination.code is not null as is_care_home_resident,
    high_acuity.code is not null as is_high_acuity,
    lower_acuity.code is not null as is_lower_acuity,
    -- no investigation, no treatment, and nobody but the GP to follow up: what another place might have given
    coalesce(
        records.feed = 'ecds'
        and (records.investigation_codes is null or no_investigation.code is not null)
        and (records.treatment_codes is null or no_treatment.code is not null)
        and no_follow_up.code is not null,
        false
    ) as is_low_acuity,
    mental_health_complaint.code is not null or mental_health_diagnoses.attendance_key is not null as is_mental_health
from {{ ref('ae_attendance_records') }} as records
left join {{ ref('ae_duplicates') }} as duplicates
    on records.feed = duplicates.feed and records.attendance_key = duplicates.attendance_key
left join {{ ref('lsoa_fifths') }} as deprivation on records.lsoa_code = deprivation.lsoa_code
{% for list_id, code in codes_of_lists.items() -%}
left join {{ ref('emergency_care_codes') }} as {{ list_id }}
    on {{ list_id }}.list_id = '{{ list_id }}' and records.feed = {{ list_id }}.feed and {{ code }} = {{ list_id }}.code
{% endfor -%}
{% for list_id, codes in codes_that_stand_alone.items() -%}
left join {{ ref('emergency_care_codes') }} as {{ list_id }}
    on
        {{ list_id }}.list_id = '{{ list_id }}'
        and records.feed = {{ list_id }}.feed
        and {{ codes }} = concat(',', {{ list_id }}.code, ',')
{% endfor -%}
left join mental_health_diagnoses
    on records.feed = mental_health_diagnoses.feed and records.attendance_key = mental_health_diagnoses.attendance_key
where duplicates.attendance_key is null
