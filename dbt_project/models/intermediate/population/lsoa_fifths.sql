-- The fifth of deprivation of a small area (LSOA): one edition of the index for records and lists alike (definitions E8). Areas that changed
-- in 2021 have other codes, so that a code tells its census. A code that the delivered file does not know takes the fifth of the one area
-- of the other census that the ONS look-up (seed `lsoa_2011_to_2021`) gives for it; what maps to several is not known.
with other_codes as (
    select
        lsoa_code_2011 as lsoa_code,
        lsoa_code_2021 as other_lsoa_code
    from {{ ref('lsoa_2011_to_2021') }}
    union
    select
        lsoa_code_2021 as lsoa_code,
        lsoa_code_2011 as other_lsoa_code
    from {{ ref('lsoa_2011_to_2021') }}
),

mapped as (
    select
        other_codes.lsoa_code,
        min(other_codes.other_lsoa_code) as other_lsoa_code
    from other_codes
    left join {{ ref('stg_lsoa_deprivation__lsoas') }} as delivered on other_codes.lsoa_code = delivered.lsoa_code
    where delivered.lsoa_code is null
    group by other_codes.lsoa_code
    having count(*) = 1
)

select
    lsoa_code,
    imd_quintile
from {{ ref('stg_lsoa_deprivation__lsoas') }}
union all
select
    mapped.lsoa_code,
    delivered.imd_quintile
from mapped
inner join {{ ref('stg_lsoa_deprivation__lsoas') }} as delivered on mapped.other_lsoa_code = delivered.lsoa_code
