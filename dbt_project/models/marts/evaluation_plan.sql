-- What was written down before each wave went live (definitions E21). The hash is of the row as registered, so that a release shows
-- whether a row is the one that an earlier release showed.
select
    wave_id,
    indicator_id,
    cohort_id,
    role,
    expected_direction,
    registered_on,
    md5(concat_ws('|', wave_id, indicator_id, cohort_id, role, expected_direction, cast(registered_on as varchar))) as row_hash,
    cast(concat(wave_id, '-01') as date) as go_live_month,
    registered_on < cast(concat(wave_id, '-01') as date) as is_registered_before_go_live
from {{ ref('registered_evaluation_plan') }}
