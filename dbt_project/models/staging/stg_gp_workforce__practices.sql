-- fully qualified GPs: partners, salaried and locums, without those in training; total rows stand beside their parts and would count twice
select
    month,
    practice_code,
    cast(sum(coalesce(
        case
            when
                upper(measure) = 'FTE' and upper(staff_group) = 'GP'
                and not regexp_matches(lower(staff_role), 'total|training|registrar|all ') then value
        end,
        coalesce(partner_fte, 0) + coalesce(salaried_fte, 0) + coalesce(locum_fte, 0)
    )) as decimal(28, 6)) as gp_fte
from {{ source('live', 'gp_workforce') }}
where month is not null
group by month, practice_code
