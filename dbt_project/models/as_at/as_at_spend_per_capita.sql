{{ config(alias='spend_per_capita') }}

{{ on_boundary(ref('spend_by_boundary'), 'as_at') }}
