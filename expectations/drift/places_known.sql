-- Share of records whose place (LSOA) the deprivation file knows: another edition of the places leaves people without a quintile.
with counted as (
    select count(*) as n, count(*) filter (where lsoa_code in (select lsoa_code from inputs.live.lsoa_deprivation)) as known
    from (
        select lsoa11 as lsoa_code, delivery from inputs.live.hes_op where lsoa11 like 'E01%'
        union all
        select lsoa11, delivery from inputs.live.hes_apc where lsoa11 like 'E01%'
    ) as records
    where delivery = (select delivery from this_build)
)
select
    'records with a place' as subject, n as examined, known / n < $share as is_violation,
    format('{:.0f} % of the places are known', 100 * known / n) as note
from counted where n >= $minimum_rows
