-- Written by orchestration/build/measure_unions.py from the files in models/measures/durations; add a file there, not a line here.
{{ config(materialized='view') }}

select * from {{ ref('stay_durations') }}
