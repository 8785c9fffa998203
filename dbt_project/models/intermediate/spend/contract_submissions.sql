{{ config(materialized='view') }}

-- Contract lines with whether they belong to the submission that stands (definitions E6): what a provider sent on one day for one
-- commissioner and month is one submission, the newest day stands, and a line that does not say when it was made belongs to it.
-- Month 13 is a month of its own here, whose corrections are added to month 12.
select
    *,
    coalesce(
        cast(created_timestamp as date) = max(cast(created_timestamp as date)) over (
            partition by provider_code, commissioner_code, financial_year, financial_month
        ),
        true
    ) as is_newest
from {{ ref('stg_contract_activity__lines') }}
