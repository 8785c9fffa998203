-- Which cells make up a cohort: everyone, ages, sexes and deprivation quintiles are sums of the cells of `all`; cohorts of flagged
-- events and of listed people have cells of their own (`cell_cohort_id`).
with

sex_age as (
    select
        sexes.sex,
        bands.age_band,
        bands.age_from,
        bands.age_to
    from (values ('male'), ('female'), ('unknown')) as sexes (sex)
    cross join (
        select
            age_band,
            age_from,
            age_to
        from {{ ref('esp2013') }}
        union all
        select
            'unknown' as age_band,
            null as age_from,
            null as age_to
    ) as bands
)

select
    cohorts.cohort_id,
    case when cohorts.kind in ('event_flag', 'person_list') then cohorts.cohort_id else 'all' end as cell_cohort_id,
    'sex_age' as cut,
    sex_age.sex,
    sex_age.age_band,
    cast(null as integer) as imd_quintile
from {{ ref('cohort_definitions') }} as cohorts
inner join sex_age
    on
        cohorts.kind in ('all', 'event_flag', 'person_list')
        or (cohorts.kind = 'sex' and cohorts.sex = sex_age.sex)
        or (
            cohorts.kind = 'age'
            and sex_age.age_from >= cohorts.age_from
            and (cohorts.age_to is null or sex_age.age_to <= cohorts.age_to)
        )
union all
select
    cohort_id,
    'all' as cell_cohort_id,
    'imd' as cut,
    'all' as sex,
    'all' as age_band,
    imd_quintile
from {{ ref('cohort_definitions') }}
where kind = 'imd_quintile'
