{{ config(materialized='view') }}

-- The month in which each team went live; null while it has not.
select
    int_code,
    min(go_live_month) as go_live_month
from {{ ref('stg_int_membership__memberships') }}
where int_code is not null
group by int_code
