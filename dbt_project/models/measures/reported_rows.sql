-- Written by orchestration/build/measure_unions.py from the files in models/measures/reported; add a file there, not a line here.
{{ config(materialized='view') }}

select * from {{ ref('reported_measure_rows') }}
