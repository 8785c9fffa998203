-- Months in which a measure's cells say less than its figures would: published only for the ICB as a whole, without ages, sexes or
-- deprivation, or without the appointment categories. What is not known there is null, never nought.
with

cells as (
    select
        measure_id,
        month,
        cut,
        sex,
        age_band,
        imd_quintile,
        practice_code
    from {{ ref('additive_cells') }}
    where cohort_id = 'all'
),

gaps as (
    select
        measure_id,
        month,
        bool_or(practice_code = 'ICB_ONLY') as is_icb_only,
        not bool_or(cut = 'sex_age' and age_band <> 'unknown') as lacks_age,
        not bool_or(cut = 'sex_age' and sex <> 'unknown') as lacks_sex,
        not bool_or(cut = 'imd' and imd_quintile is not null) as lacks_deprivation,
        false as lacks_category
    from cells
    group by measure_id, month
),

-- sub-ICB publications give counts without national categories
without_category as (
    select
        catalogue.numerator_measure_id as measure_id,
        published.event_month as month
    from {{ ref('gp_appointment_published_cells') }} as published
    cross join {{ ref('indicator_catalogue') }} as catalogue
    where
        catalogue.numerator_measure_id in (
            'gp_urgent_appointments', 'gp_care_home_contacts', 'gp_structured_medication_reviews', 'gp_social_prescribing'
        )
    group by catalogue.numerator_measure_id, published.event_month
    having count(published.national_category) = 0
),

monthly as (
    select
        measure_id,
        month,
        bool_or(is_icb_only) as is_icb_only,
        bool_or(lacks_age) as lacks_age,
        bool_or(lacks_sex) as lacks_sex,
        bool_or(lacks_deprivation) as lacks_deprivation,
        bool_or(lacks_category) as lacks_category
    from (
        select * from gaps
        union all
        select
            measure_id,
            month,
            false as is_icb_only,
            false as lacks_age,
            false as lacks_sex,
            false as lacks_deprivation,
            true as lacks_category
        from without_category
    ) as both_kinds
    group by measure_id, month
    having
        bool_or(is_icb_only) or bool_or(lacks_age) or bool_or(lacks_sex) or bool_or(lacks_deprivation) or bool_or(lacks_category)
),

-- a gap in a month is a gap in each of the 12-month periods that hold the month
spread as (
    select
        monthly.*,
        'month' as period,
        monthly.month as period_month
    from monthly
    union all
    select
        monthly.*,
        'rolling_12_months' as period,
        {{ add_months('monthly.month', 'offsets.months_later') }} as period_month
    from monthly
    cross join range(12) as offsets (months_later)
)

select
    measure_id,
    period,
    period_month as month,
    bool_or(is_icb_only) as is_icb_only,
    bool_or(lacks_age) as lacks_age,
    bool_or(lacks_sex) as lacks_sex,
    bool_or(lacks_deprivation) as lacks_deprivation,
    bool_or(lacks_category) as lacks_category
from spread
group by measure_id, period, period_month
