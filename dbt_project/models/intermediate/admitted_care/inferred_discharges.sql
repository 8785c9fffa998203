{{ config(materialized='view') }}

-- What the rule `discharge_inferred` did (definitions E5): spells that ended, and those of them closed by inference, per provider and month.
select
    provider_code,
    {{ month_start('discharge_date') }} as month,
    count(*) as spells_ended,
    sum(case when is_discharge_inferred then 1 else 0 end) as discharges_inferred
from {{ ref('spells') }}
where discharge_date is not null
group by provider_code, {{ month_start('discharge_date') }}
