{{ config(materialized='view') }}

-- Practices that should have sent a feed for a month and did not.
select distinct
    expected.feed,
    expected.coverage_month as month,
    expected.provider_code as practice_code
from {{ ref('stg_plan__expected_providers') }} as expected
inner join {{ ref('icb_practices') }} as practices on expected.provider_code = practices.practice_code
where not expected.is_received
