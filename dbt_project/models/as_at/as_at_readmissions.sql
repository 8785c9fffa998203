{{ config(alias='readmissions') }}

{{ on_boundary(ref('readmissions_by_boundary'), 'as_at') }}
