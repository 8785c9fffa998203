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
),
of_indicators as (
    select indicator_id, count(*) as n, count(*) filter (where is_moved) as moved from moved group by indicator_id
)
select
    'figures of $name' as subject,
    sum(n)::bigint as examined,
    sum(moved) > $share * sum(n) as is_violation,
    -- of two that moved as often the last in the alphabet, so that the words do not depend on the order of rows
    format(
        '{} of {} figures moved, most of them {}', sum(moved)::bigint, sum(n)::bigint,
        coalesce(arg_max(indicator_id, (moved, indicator_id)) filter (where moved > 0), 'none')
    ) as note
from of_indicators having count(*) > 0
