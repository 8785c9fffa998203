{{ config(meta={
    'gate': 'block',
    'owner': 'ICB intelligence team',
    'relation': 'intermediate.bed_nights',
    'what_to_do': 'Records or pounds were lost or counted twice between the events and the mart. Never publish this; tell the data engineer.',
    'is_conservation': true,
}) }}

-- Nights by month sum to the nights of each stay within the marts' months.
with bounds as (
    select
        min(month) as first_day,
        max(month_end) as last_day,
        min(data_cut) as data_cut
    from {{ ref('months') }}
),

stays as (
    select
        cips.cips_key,
        greatest(cips.admission_date, bounds.first_day) as first_night,
        least(
            coalesce(least(cips.discharge_date, {{ add_days('bounds.data_cut', 1) }}), {{ add_days('bounds.data_cut', 1) }}),
            {{ add_days('bounds.last_day', 1) }}
        ) as night_end
    from {{ ref('continuous_inpatient_spells') }} as cips
    cross join bounds
),

expected as (
    select sum(case when night_end > first_night then {{ days_between('first_night', 'night_end') }} else 0 end) as nights
    from stays
),

found as (
    select coalesce(sum(nights), 0) as nights
    from {{ ref('bed_nights') }}
)

select
    expected.nights as expected_nights,
    found.nights as found_nights
from expected
cross join found
where coalesce(expected.nights, 0) <> found.nights
