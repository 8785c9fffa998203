{{ config(meta={
    'gate': 'warn',
    'owner': 'ICB intelligence team',
    'relation': 'intermediate.admissions',
    'what_to_do': 'The share of emergency stays of no night fell by more than a third for three months at this provider: ask it whether same-day emergency care now goes to the emergency care data set, and add the month to the seed recording_changes, so that no chart calls it success.',
}) }}

-- Definitions E9. Three months in a row, each with a share below two thirds of that of the 12 months before the first of them; providers of
-- at least 20 stays a month, so that it is not chance; not where the seed has a change within half a year.
with

months as (
    select
        provider_code,
        event_month as month,
        {{ month_number('event_month') }} as month_number,
        count(*) as stays,
        count(*) filter (where length_of_stay_group = '0') as zero_nights
    from {{ ref('admissions') }}
    where admission_type = 'emergency' and provider_code is not null and length_of_stay_group <> 'not_discharged'
    group by provider_code, event_month
),

before as (
    select
        *,
        sum(stays) over year_before as stays_before,
        sum(zero_nights) over year_before as zero_nights_before,
        count(*) over year_before as months_before
    from months
    window year_before as (partition by provider_code order by month_number range between 12 preceding and 1 preceding)
),

first_months as (
    select first_month.*
    from before as first_month
    inner join months as later
        on
            first_month.provider_code = later.provider_code
            and later.month_number between first_month.month_number and first_month.month_number + 2
    where first_month.months_before >= 6 and first_month.zero_nights_before > 0
    group by all
    having
        count(*) = 3
        and min(later.stays) >= 20
        and max(later.zero_nights / later.stays) < 2.0 / 3.0 * first_month.zero_nights_before / first_month.stays_before
)

select
    found.provider_code,
    min(found.month) as month
from first_months as found
left join {{ ref('recording_changes') }} as known
    on
        found.provider_code = known.provider_code
        and abs({{ month_number('known.month') }} - found.month_number) <= 6
where known.provider_code is null
group by found.provider_code
