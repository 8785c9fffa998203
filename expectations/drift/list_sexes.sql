-- Women outlive men: among registered people of 85 and over most are women, and each list's share of women by broad age is close to
-- that of the list before.
with lists as (
    select
        date_trunc('month', extract_date)::date as month, sex, patients,
        case
            when age_group in ('85_89', '90_94', '95+', '95_plus', '90_plus', '90+') then '85 and over'
            when try_cast(string_split(age_group, '_')[1] as integer) >= 65 then '65 to 84'
            else 'under 65'
        end as ages
    from inputs.live.gp_registrations where sex in ('male', 'female') and age_group <> 'ALL'
),
shares as (
    select month, ages, sum(patients) as n,
        coalesce(sum(patients) filter (where sex = 'female'), 0) / sum(patients) as women
    from lists group by all having sum(patients) > 0
),
newest as (
    select max(month) as month from shares
)
select
    'women of 85 and over' as subject, n::bigint as examined,
    women + $standard_errors * sqrt(0.25 / n) < $least_women as is_violation,
    format('{:.0f} %', 100 * women) as note
from shares where ages = '85 and over' and month = (select month from newest)
union all
select
    'women ' || s.ages as subject, s.n::bigint as examined,
    -- two lists a month apart hold nearly the same people: at most a tenth of them differ
    abs(s.women - o.women) > $floor + $standard_errors * sqrt(0.05 / s.n) as is_violation,
    format('{:.1f} %, {:.1f} % in the list before', 100 * s.women, 100 * o.women) as note
from shares as s
inner join shares as o on o.ages = s.ages
where s.month = (select month from newest)
    and o.month = (select max(month) from shares where month < (select month from newest))
