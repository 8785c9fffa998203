-- Whether a provider's activity stands in its contract's lines or at unit cost, month by month (definitions E6). A provider that sent contract
-- lines in 6 of the 12 months before and none now is missing, and the month incomplete; one that is no longer expected has changed its basis.
with providers as (
    select
        provider_code,
        min(month) as first_month,
        max(month) as last_month
    from {{ ref('spend_lines') }}
    where provider_code is not null
    group by provider_code
),

sent as (
    select distinct
        provider_code,
        month
    from {{ ref('contract_lines') }}
),

monthly as (
    select
        providers.provider_code,
        months.month,
        sent.month is not null as has_contract,
        sum(case when sent.month is not null then 1 else 0 end) over (
            partition by providers.provider_code order by months.month rows between 12 preceding and 1 preceding
        ) as contract_months_before
    from providers
    inner join {{ ref('months') }} as months on months.month >= providers.first_month
    left join sent on providers.provider_code = sent.provider_code and months.month = sent.month
)

select
    provider_code,
    month,
    has_contract,
    not has_contract and coalesce(contract_months_before, 0) >= 6 as is_contract_missing,
    has_contract or coalesce(contract_months_before, 0) >= 6 as is_on_contract
from monthly
