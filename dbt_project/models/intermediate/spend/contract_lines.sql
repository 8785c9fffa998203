-- One version of a contract month: the newest data set of the provider, commissioner, year and month (definitions C6).
with ranked as (
    select
        *,
        max(created_timestamp) over (
            partition by provider_code, commissioner_code, financial_year, financial_month
        ) as newest_timestamp
    from {{ ref('stg_contract_activity__lines') }}
)

select
    month,
    practice_code,
    provider_code,
    point_of_delivery,
    activity,
    price_gbp,
    financial_year,
    financial_month
from ranked
where newest_timestamp is null or created_timestamp = newest_timestamp
