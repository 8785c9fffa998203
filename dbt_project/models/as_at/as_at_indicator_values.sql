{{ config(alias='indicator_values') }}

{{ indicator_values('as_at') }}
