select
    int_code,
    month,
    window_days,
    discharges,
    readmissions,
    readmission_pct,
    readmission_pct_lower_95,
    readmission_pct_upper_95,
    is_mature,
    registered_population,
    period_status,
    null_reason
from {{ ref('readmissions_by_boundary') }}
where boundary = 'marts'
