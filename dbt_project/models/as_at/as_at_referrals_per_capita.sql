{{ config(alias='referrals_per_capita') }}

{{ on_boundary(ref('referrals_by_boundary'), 'as_at') }}
