-- One window, so that no discharge stands in two rows; months whose follow-up is not over have no counts to be summed.
with complete as (
    select
        *,
        is_mature and null_reason is null and period_status <> 'incomplete' as is_complete
    from {{ ref('readmissions') }}
    where window_days = 30
)

select
    {{ area_key("'int'", 'complete.int_code') }} as area_key,
    complete.int_code,
    teams.int_name,
    teams.hcp_code,
    teams.hcp_name,
    cast(complete.month as timestamp) as month,
    case when complete.is_complete then complete.discharges end as discharges,
    case when complete.is_complete then complete.readmissions end as readmissions,
    case when complete.is_complete then complete.readmission_pct end as readmission_pct,
    case when complete.is_complete then complete.readmission_pct_lower_95 end as readmission_pct_lower_95,
    case when complete.is_complete then complete.readmission_pct_upper_95 end as readmission_pct_upper_95,
    complete.is_complete,
    complete.period_status
from complete
inner join {{ ref('dim_int') }} as teams on complete.int_code = teams.int_code and not teams.is_special
