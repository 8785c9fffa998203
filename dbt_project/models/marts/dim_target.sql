select
    target_id,
    indicator_id,
    coalesce(cohort_id, 'all') as cohort_id,
    area_type,
    area_code,
    baseline_from,
    baseline_to,
    baseline_value,
    target_value,
    target_change_pct,
    target_month,
    source
from {{ ref('indicator_targets') }}
