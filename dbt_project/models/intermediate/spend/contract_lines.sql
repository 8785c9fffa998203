{{ config(materialized='view') }}

-- One version of a contract month: the newest submission (`contract_submissions`). A point of delivery outside the list is UNKNOWN: its
-- pounds count, and what the column says, which may be free text, is no dimension (definitions E11).
select
    submissions.month,
    submissions.practice_code,
    submissions.provider_code,
    coalesce(points.point_of_delivery, 'UNKNOWN') as point_of_delivery,
    submissions.activity,
    submissions.price_gbp,
    submissions.financial_year,
    submissions.financial_month
from {{ ref('contract_submissions') }} as submissions
left join {{ ref('points_of_delivery') }} as points on submissions.point_of_delivery = points.point_of_delivery
where submissions.is_newest
