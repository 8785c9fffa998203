-- Written by orchestration/build/measure_unions.py from the files in models/measures/person_period; add a file there, not a line here.
{{ config(materialized='view') }}

select * from {{ ref('admission_people') }}
union all by name
select * from {{ ref('ae_attendance_people') }}
