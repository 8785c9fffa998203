-- Lists come by sex and band, or as totals only. Where both are there the bands win (definitions C14); a totals-only list is band `unknown`.
with ranked as (
    select
        list_month,
        practice_code,
        extract_date,
        sex,
        age_band,
        patients,
        case
            when sex <> 'all' and age_band <> 'unknown' then 1
            when sex = 'all' and age_band <> 'unknown' then 2
            when sex = 'all' then 3
            else 4
        end as detail_rank
    from {{ ref('stg_gp_registrations__patients') }}
    where practice_code is not null
),

best as (
    select
        *,
        min(detail_rank) over (partition by list_month, practice_code) as best_rank,
        max(extract_date) over (partition by list_month, practice_code) as newest_extract_date
    from ranked
),

list_cells as (
    select
        list_month,
        practice_code,
        case when sex in ('male', 'female') then sex else 'unknown' end as sex,
        age_band,
        sum(patients) as patients
    from best
    where detail_rank = best_rank and extract_date = newest_extract_date
    group by list_month, practice_code, case when sex in ('male', 'female') then sex else 'unknown' end, age_band
)

select
    lists.month,
    cells.practice_code,
    cells.sex,
    cells.age_band,
    cast(cells.patients as bigint) as registered_population,
    lists.population_basis,
    lists.list_month
from {{ ref('population_lists') }} as lists
inner join list_cells as cells on lists.list_month = cells.list_month
inner join {{ ref('icb_practices') }} as practices on cells.practice_code = practices.practice_code
