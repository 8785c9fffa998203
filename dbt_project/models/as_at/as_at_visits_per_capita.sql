{{ config(alias='visits_per_capita') }}

{{ on_boundary(ref('visits_by_boundary'), 'as_at') }}
