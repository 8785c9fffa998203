-- Written by orchestration/build/measure_unions.py from the files in models/measures/additive; add a file there, not a line here.
{{ config(materialized='view') }}

{{ cells_in_rows(ref('admission_measures')) }}
union all by name
{{ cells_in_rows(ref('ae_attendance_measures')) }}
union all by name
{{ cells_in_rows(ref('bed_night_measures')) }}
union all by name
{{ cells_in_rows(ref('community_contact_measures')) }}
union all by name
{{ cells_in_rows(ref('end_of_life_measures')) }}
union all by name
{{ cells_in_rows(ref('gp_appointment_published_measures')) }}
union all by name
{{ cells_in_rows(ref('gp_appointment_record_measures')) }}
union all by name
{{ cells_in_rows(ref('non_elective_spell_measures')) }}
union all by name
{{ cells_in_rows(ref('online_consultation_measures')) }}
union all by name
{{ cells_in_rows(ref('online_consultation_population_measures')) }}
union all by name
{{ cells_in_rows(ref('outpatient_measures')) }}
union all by name
{{ cells_in_rows(ref('population_measures')) }}
union all by name
{{ cells_in_rows(ref('readmission_measures')) }}
union all by name
{{ cells_in_rows(ref('referral_measures')) }}
union all by name
{{ cells_in_rows(ref('spend_measures')) }}
union all by name
{{ cells_in_rows(ref('stay_measures')) }}
