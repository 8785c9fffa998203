-- Published figures against the newest release of an earlier delivery: the share that moved by more than the setting
-- restatement_flag_pct, where numbers are large enough that single late records cannot do it. Months that the earlier delivery cut in
-- the middle of their follow-up may move; only figures it called final or provisional are compared.
with moved as (
    select
        earlier.indicator_id,
        now.value is null or abs(now.value - earlier.value) > b.flag_pct / 100 * abs(earlier.value) as is_moved
    from previous_figures as earlier
    cross join this_build as b
    inner join marts.indicator_values as now using (indicator_id, cohort_id, area_type, area_code, month, period)
    where earlier.area_type in ($areas) and now.definition_version is not distinct from earlier.definition_version
)
select
    'figures of $name' as subject,
    count(*) as examined,
    count(*) filter (where is_moved) > $share * count(*) as is_violation,
    format(
        '{} of {} figures moved, most of them {}', count(*) filter (where is_moved), count(*),
        coalesce(mode(indicator_id) filter (where is_moved), 'none')
    ) as note
from moved having count(*) > 0
