-- Teams and practices that an earlier map had open at this data cut are still named in the newest one (ended, if they ended): a team
-- that is simply gone was lost on the way.
with maps as (
    select m.*, b.data_cut, b.delivery as this_delivery from seen_membership as m, this_build as b
),
newest as (
    select * from maps where delivery = (select max(delivery) from maps)
),
before as (
    select * from maps where delivery = (select max(delivery) from maps where delivery < (select max(delivery) from maps))
        and (valid_to is null or valid_to > data_cut)
),
registered as (
    select practice_code from inputs.live.gp_registrations
    where extract_date = (select max(extract_date) from inputs.live.gp_registrations)
    group by practice_code having sum(patients) > 0
),
lost as (
    select 'teams' as subject, count(distinct int_code) as examined,
        count(distinct int_code) filter (where int_code not in (select int_code from newest where int_code is not null)) as gone
    from before where int_code is not null
    union all
    select 'practices' as subject, count(distinct practice_code) as examined,
        count(distinct practice_code) filter (where practice_code not in (select practice_code from newest)) as gone
    from before
    union all
    -- open in the earlier map, still with patients, and now without a team at the data cut
    select 'practices with patients that lost their team' as subject, count(distinct b.practice_code) as examined,
        count(distinct b.practice_code) filter (
            where b.practice_code in (select practice_code from registered)
                and b.practice_code not in (
                    select practice_code from newest where valid_from <= data_cut and (valid_to is null or valid_to > data_cut)
                )
        ) as gone
    from before as b where b.int_code is not null
    union all
    select 'practices that changed team' as subject, count(distinct b.practice_code) as examined,
        greatest(0, count(distinct b.practice_code) filter (where n.int_code is distinct from b.int_code)
            - ceil($moved_share * count(distinct b.practice_code)))::bigint as gone
    from before as b
    inner join newest as n on n.practice_code = b.practice_code and n.valid_from = b.valid_from
)
select subject, examined, gone > 0 as is_violation, format('{} of {}', gone, examined) as note
from lost where examined > 0
