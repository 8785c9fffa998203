-- Does a person have the same sex, and an age that fits, in this feed of this delivery and wherever else that person is known? When
-- identifiers were given anew, mixed up between feeds, or sexes swapped, they do not.
with people as (
    select * from seen_people where feed = '$feed' and is_newest
),
others as (
    select person_id, max(sex) as sex, max(birth_year) as birth_year
    from seen_people where not (feed = '$feed' and is_newest) and space = (select max(space) from people)
    group by person_id
),
matched as (
    select
        p.provider_code,
        (p.sex <> o.sex)::int as other_sex,
        (abs(p.birth_year - o.birth_year) > 2)::int as other_age
    from people as p inner join others as o using (person_id)
    where p.sex in ('male', 'female')
),
shares as (
    select provider_code, 'sex' as what, count(other_sex) as n, sum(other_sex) as wrong from matched group by provider_code
    union all
    select provider_code, 'age' as what, count(other_age) as n, sum(other_age) as wrong from matched group by provider_code
)
select
    concat_ws(' ', what, said(provider_code)) as subject,
    n as examined,
    share_beyond(wrong, n, $share) > $standard_errors as is_violation,
    format('{:.0f} % of the people known elsewhere have another {} there', 100 * wrong / n, what) as note
from shares where n >= $minimum_people
