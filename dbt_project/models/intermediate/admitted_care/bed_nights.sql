-- Nights of a CIPS by the month in which each night starts; a stay not discharged counts up to and with the night of the data cut.
with stays as (
    select
        cips.*,
        case
            when cips.discharge_date is null or cips.discharge_date > build.data_cut then {{ add_days('build.data_cut', 1) }}
            else cips.discharge_date
        end as night_end
    from {{ ref('continuous_inpatient_spells') }} as cips
    cross join {{ ref('stg_plan__build') }} as build
)

select
    months.month as event_month,
    stays.cips_key,
    stays.person_id,
    stays.practice_code,
    stays.provider_code,
    stays.sex,
    stays.age_years,
    stays.age_band,
    stays.imd_quintile,
    stays.is_emergency,
    {{ days_between(
        'case when stays.admission_date > months.month then stays.admission_date else months.month end',
        'case when stays.night_end <= months.month_end then stays.night_end else ' ~ add_days('months.month_end', 1) ~ ' end'
    ) }} as nights
from stays
inner join {{ ref('months') }} as months
    on stays.admission_date <= months.month_end and stays.night_end > months.month
where stays.night_end > stays.admission_date
