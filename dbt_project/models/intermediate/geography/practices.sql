-- Every practice of the ICB, past and present, with where it belongs at the data cut.
with memberships as (
    select
        practice_code,
        min(valid_from) as valid_from,
        max(valid_to) as valid_to
    from {{ ref('stg_int_membership__memberships') }}
    group by practice_code
),

names as (
    select
        practice_code,
        practice_name,
        open_date,
        close_date,
        row_number() over (partition by practice_code order by open_date desc nulls last, practice_name, close_date) as newest_rank
    from {{ ref('stg_ods_practices__practices') }}
),

current_areas as (
    select areas.*
    from {{ ref('practice_areas') }} as areas
    inner join {{ ref('stg_plan__build') }} as build on areas.month = {{ month_start('build.data_cut') }}
    where areas.boundary = 'marts'
),

populations as (
    select
        population.practice_code,
        sum(population.registered_population) as registered_population
    from {{ ref('registered_population') }} as population
    inner join {{ ref('stg_plan__build') }} as build on population.month = {{ month_start('build.data_cut') }}
    group by population.practice_code
)

select
    practices.practice_code,
    names.practice_name,
    coalesce(current_areas.current_practice_code, practices.practice_code) as current_practice_code,
    coalesce(current_areas.int_code, 'OUT_OF_AREA') as int_code,
    current_areas.pcn_code,
    current_areas.hcp_code,
    memberships.valid_from,
    case when memberships.valid_to < cast('9999-12-31' as date) then memberships.valid_to end as valid_to,
    names.open_date,
    names.close_date,
    cast(populations.registered_population as bigint) as registered_population
from {{ ref('icb_practices') }} as practices
left join names on practices.practice_code = names.practice_code and names.newest_rank = 1
left join memberships on practices.practice_code = memberships.practice_code
left join current_areas on practices.practice_code = current_areas.practice_code
left join populations on practices.practice_code = populations.practice_code
