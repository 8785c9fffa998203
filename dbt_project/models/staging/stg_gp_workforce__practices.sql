-- Fully qualified GPs: partners, salaried and locums, without those in training; total rows stand beside their parts and would count twice.
-- A number that is hidden or missing is not none: the practice is then unknown.
with staff as (
    select
        month,
        practice_code,
        case when staff_group is null then partner_fte + salaried_fte + locum_fte else value end as fte,
        staff_group is null
        or (
            upper(measure) = 'FTE' and upper(staff_group) = 'GP'
            and not regexp_matches(lower(staff_role), 'total|training|registrar|all ')
        ) as is_gp
    from {{ source('live', 'gp_workforce') }}
    where month is not null
)

select
    month,
    practice_code,
    case
        when count(*) filter (where is_gp) = count(fte) filter (where is_gp)
            then cast(coalesce(sum(fte) filter (where is_gp), 0) as decimal(28, 6))
    end as gp_fte
from staff
group by month, practice_code
