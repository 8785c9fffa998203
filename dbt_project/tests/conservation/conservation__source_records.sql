{{ config(meta={
    'gate': 'block',
    'owner': 'ICB intelligence team',
    'relation': 'intermediate.visit_cells',
    'what_to_do': 'Records or pounds were lost or counted twice between the events and the mart. Never publish this; tell the data engineer.',
    'is_conservation': true,
}) }}

-- Every delivered record is counted once or removed by a named rule: records delivered, counted and removed, per feed.
with delivered as (
    select
        'urgent_care' as feed,
        (select count(*) from {{ ref('stg_ecds__attendances') }}) + (select count(*) from {{ ref('stg_hes_ae__attendances') }}) as records
    union all
    select
        'hes_op' as feed,
        count(*) as records
    from {{ ref('stg_hes_op__appointments') }}
    union all
    select
        'gp_appointments' as feed,
        count(*) as records
    from {{ ref('stg_gp_appointments__appointments') }}
    union all
    select
        'contract_activity' as feed,
        count(*) as records
    from {{ ref('stg_contract_activity__lines') }}
    union all
    select
        'hes_apc' as feed,
        count(*) as records
    from {{ ref('stg_hes_apc__episodes') }}
),

counted as (
    select
        'urgent_care' as feed,
        sum(visits) as records
    from {{ ref('visit_cells') }}
    where setting in ('ae_attendance', 'same_day_emergency_care')
    union all
    -- cancelled and future appointments are neither visits nor missed: counted here by what they are
    select
        'hes_op' as feed,
        (
            select sum(visits) + sum(not_attended) + sum(status_unknown)
            from {{ ref('visit_cells') }}
            where setting = 'outpatient_attendance'
        ) + (
            select count(*)
            from {{ ref('outpatient_appointments') }}
            where attendance_status in ('0', '2', '4')
        ) as records
    union all
    select
        'gp_appointments' as feed,
        sum(visits) + sum(not_attended) + sum(status_unknown) as records
    from {{ ref('visit_cells') }}
    where setting = 'gp_appointment' and source = 'gp_appointments'
    union all
    select
        'contract_activity' as feed,
        count(*) as records
    from {{ ref('contract_lines') }}
    union all
    select
        'hes_apc' as feed,
        sum(episodes) as records
    from {{ ref('spells') }}
),

removed as (
    select
        case when feed in ('ecds', 'hes_ae') then 'urgent_care' else feed end as feed,
        sum(rows_removed) as records
    from {{ ref('removed_by_rule') }}
    where
        rule not in ('before_first_month', 'referral_before_first_month', 'referral_date_unknown', 'stray_month')
        -- stray appointments leave before they are counted, stray events of other feeds are events that no figure takes
        or (rule = 'stray_month' and feed = 'gp_appointments')
    group by case when feed in ('ecds', 'hes_ae') then 'urgent_care' else feed end
)

select
    delivered.feed,
    delivered.records as delivered,
    coalesce(counted.records, 0) as counted,
    coalesce(removed.records, 0) as removed
from delivered
left join counted on delivered.feed = counted.feed
left join removed on delivered.feed = removed.feed
where delivered.records <> coalesce(counted.records, 0) + coalesce(removed.records, 0)
