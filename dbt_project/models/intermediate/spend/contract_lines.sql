{{ config(materialized='view') }}

-- One version of a contract month: the newest submission (`contract_submissions`).
select
    month,
    practice_code,
    provider_code,
    point_of_delivery,
    activity,
    price_gbp,
    financial_year,
    financial_month
from {{ ref('contract_submissions') }}
where is_newest
