-- Lists by LSOA are quarterly: the newest one not after the month stands, else the first. They give the split of a practice's
-- people over quintiles; the practice's total stays that of `registered_population`. A list stands for three months: what is carried further,
-- or back, is not the month's own (`is_own`), so that figures per head of it are incomplete (definitions E1).
with lists as (
    select distinct list_month
    from {{ ref('stg_gp_registrations_lsoa__patients') }}
),

month_lists as (
    select
        months.month,
        coalesce(
            max(case when lists.list_month <= months.month then lists.list_month end),
            min(lists.list_month)
        ) as list_month
    from {{ ref('months') }} as months
    cross join lists
    group by months.month
),

-- a file may come with a row for all sexes or one per sex, never to be added together
patients as (
    select
        *,
        max(case when sex in ('male', 'female') then 1 else 0 end) over (partition by list_month, practice_code) as has_sexes
    from {{ ref('stg_gp_registrations_lsoa__patients') }}
    where practice_code is not null
),

list_cells as (
    select
        patients.list_month,
        patients.practice_code,
        deprivation.imd_quintile,
        sum(patients.patients) as patients
    from patients
    left join {{ ref('lsoa_fifths') }} as deprivation on patients.lsoa_code = deprivation.lsoa_code
    where patients.has_sexes = 0 or patients.sex <> 'all'
    group by patients.list_month, patients.practice_code, deprivation.imd_quintile
)

select
    month_lists.month,
    cells.practice_code,
    cells.imd_quintile,
    cast(cells.patients as bigint) as registered_population,
    {{ months_between('month_lists.list_month', 'month_lists.month') }} between 0 and 2 as is_own
from month_lists
inner join list_cells as cells on month_lists.list_month = cells.list_month
inner join {{ ref('icb_practices') }} as practices on cells.practice_code = practices.practice_code
