-- What was registered before a wave went live, against what stands there now: a row that was changed or taken away without a later date says
-- that something else had been promised (definitions E21). A row with a later date is a change that says so.
select
    'wave ' || earlier.wave_id as subject,
    count(*) as examined,
    count(*) filter (
        where now.row_hash is null or (now.row_hash <> earlier.row_hash and now.registered_on <= earlier.registered_on)
    ) > 0 as is_violation,
    string_agg(earlier.indicator_id, ', ' order by earlier.indicator_id) filter (
        where now.row_hash is null or (now.row_hash <> earlier.row_hash and now.registered_on <= earlier.registered_on)
    ) as note
from previous_plan as earlier
left join marts.evaluation_plan as now
    on earlier.wave_id = now.wave_id and earlier.indicator_id = now.indicator_id and earlier.cohort_id = now.cohort_id
group by earlier.wave_id
