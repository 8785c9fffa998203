{{ config(alias='non_elective_admissions_per_capita') }}

{{ on_boundary(ref('admissions_by_boundary'), 'as_at') }}
