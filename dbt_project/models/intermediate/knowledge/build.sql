{{ config(materialized='view') }}

-- What this warehouse is built for: one row.
select
    delivery,
    data_cut,
    icb_code,
    icb_name,
    first_month,
    last_month,
    anticipation_months
from {{ ref('stg_plan__build') }}
