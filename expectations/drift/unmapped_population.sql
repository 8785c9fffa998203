-- People of the ICB's practices that belong to no team at the data cut: a few at most.
select
    'registered people without a team' as subject,
    sum(p.registered_population)::bigint as examined,
    coalesce(sum(p.registered_population) filter (where a.int_code = 'NO_INT'), 0) / sum(p.registered_population) > $share as is_violation,
    format('{:.1f} %', 100 * coalesce(sum(p.registered_population) filter (where a.int_code = 'NO_INT'), 0) / sum(p.registered_population)) as note
from (
    select practice_code, month, sum(registered_population) as registered_population
    from intermediate.registered_population group by all
) as p
inner join intermediate.practice_areas as a
    on a.practice_code = p.practice_code and a.month = p.month and a.boundary = 'marts'
where p.month = (select last_month from this_build)
having sum(p.registered_population) > 0
