-- Written by orchestration/measure_unions.py from the files in models/measures/additive; add a file there, not a line here.
{{ config(materialized='view') }}

select * from {{ ref('admission_measures') }}
union all by name
select * from {{ ref('ae_attendance_measures') }}
union all by name
select * from {{ ref('bed_night_measures') }}
union all by name
select * from {{ ref('community_contact_measures') }}
union all by name
select * from {{ ref('end_of_life_measures') }}
union all by name
select * from {{ ref('gp_appointment_published_measures') }}
union all by name
select * from {{ ref('gp_appointment_record_measures') }}
union all by name
select * from {{ ref('non_elective_spell_measures') }}
union all by name
select * from {{ ref('online_consultation_measures') }}
union all by name
select * from {{ ref('online_consultation_population_measures') }}
union all by name
select * from {{ ref('outpatient_measures') }}
union all by name
select * from {{ ref('population_measures') }}
union all by name
select * from {{ ref('readmission_measures') }}
union all by name
select * from {{ ref('referral_measures') }}
union all by name
select * from {{ ref('spend_measures') }}
union all by name
select * from {{ ref('stay_measures') }}
