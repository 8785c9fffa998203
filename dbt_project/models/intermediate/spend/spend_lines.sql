-- Pounds by month, practice, provider and point of delivery (definitions C6): the contract's price where a priced record exists for
-- that provider, month and kind of activity; else activity at a unit cost; payments to practices spread over their year.
-- Activity without a price has null pounds and stays visible through `activity_priced`.
with contract as (
    select
        lines.month,
        lines.practice_code,
        lines.provider_code,
        lines.point_of_delivery,
        points.activity_group,
        sum(lines.activity) as activity,
        sum(case when lines.price_gbp is not null then lines.activity else 0 end) as activity_priced,
        sum(lines.price_gbp) as spend_gbp
    from {{ ref('contract_lines') }} as lines
    left join {{ ref('points_of_delivery') }} as points on lines.point_of_delivery = points.point_of_delivery
    group by lines.month, lines.practice_code, lines.provider_code, lines.point_of_delivery, points.activity_group
),

priced_by_contract as (
    select distinct
        month,
        provider_code,
        activity_group
    from contract
    where spend_gbp is not null and activity_group is not null
),

hospital_activity as (
    select
        event_month as month,
        practice_code,
        provider_code,
        case when setting = 'ae_attendance' then 'AE' else 'SDEC' end as point_of_delivery,
        count(*) as activity
    from {{ ref('ae_attendances') }}
    group by event_month, practice_code, provider_code, case when setting = 'ae_attendance' then 'AE' else 'SDEC' end
    union all
    select
        event_month as month,
        practice_code,
        provider_code,
        case visit_type when 'first' then 'OPFA' when 'procedure' then 'OPPROC' else 'OPFUP' end as point_of_delivery,
        count(*) as activity
    from {{ ref('outpatient_appointments') }}
    where is_attended
    group by
        event_month, practice_code, provider_code,
        case visit_type when 'first' then 'OPFA' when 'procedure' then 'OPPROC' else 'OPFUP' end
    union all
    -- a spell's cost falls in its discharge month
    select
        {{ month_start('spells.discharge_date') }} as month,
        spells.last_practice_code as practice_code,
        spells.provider_code,
        case
            when methods.admission_type = 'emergency' then 'NEL'
            when methods.admission_type in ('non_emergency', 'transfer') then 'NELNE'
            when spells.patient_classification = '2' then 'DC'
            when spells.patient_classification in ('3', '4') then 'RADAY'
            else 'EL'
        end as point_of_delivery,
        count(*) as activity
    from {{ ref('spells') }} as spells
    inner join {{ ref('admission_methods') }} as methods on spells.admission_method = methods.code
    where spells.discharge_date is not null
    group by
        {{ month_start('spells.discharge_date') }}, spells.last_practice_code, spells.provider_code,
        case
            when methods.admission_type = 'emergency' then 'NEL'
            when methods.admission_type in ('non_emergency', 'transfer') then 'NELNE'
            when spells.patient_classification = '2' then 'DC'
            when spells.patient_classification in ('3', '4') then 'RADAY'
            else 'EL'
        end
),

payment_months as (
    select
        months.month,
        payments.practice_code,
        payments.financial_year_start,
        {{ pounds_share(
            'payments.payments_gbp',
            months_between(date_of_parts('payments.financial_year_start', 4), 'months.month'), 1, 12
        ) }} as spend_gbp
    from {{ ref('stg_gp_payments__payments') }} as payments
    inner join {{ ref('months') }} as months on payments.financial_year_start = months.financial_year_start
    where payments.payments_gbp is not null
),

unit_costed as (
    select
        hospital_activity.month,
        hospital_activity.practice_code,
        hospital_activity.provider_code,
        hospital_activity.point_of_delivery,
        hospital_activity.activity
    from hospital_activity
    inner join {{ ref('points_of_delivery') }} as points on hospital_activity.point_of_delivery = points.point_of_delivery
    left join priced_by_contract
        on
            hospital_activity.month = priced_by_contract.month
            and hospital_activity.provider_code = priced_by_contract.provider_code
            and points.activity_group = priced_by_contract.activity_group
    where priced_by_contract.provider_code is null
    union all
    -- a practice's appointments are costed only in months without its payments, which pay for the same work
    select
        cells.month,
        cells.practice_code,
        cast(null as varchar(20)) as provider_code,
        case cells.visit_type
            when 'gp' then 'GP_APPOINTMENT'
            when 'other_practice_staff' then 'GP_APPOINTMENT_OTHER'
            else 'GP_APPOINTMENT_UNKNOWN'
        end as point_of_delivery,
        cells.visits as activity
    from {{ ref('visit_cells') }} as cells
    left join (
        select distinct
            month,
            practice_code
        from payment_months
    ) as paid on cells.month = paid.month and cells.practice_code = paid.practice_code
    where cells.setting = 'gp_appointment' and not cells.is_icb_only and paid.practice_code is null and cells.visits > 0
)

select
    month,
    practice_code,
    provider_code,
    point_of_delivery,
    'contract' as cost_basis,
    cast(activity as decimal(18, 3)) as activity,
    cast(activity_priced as decimal(18, 3)) as activity_priced,
    cast(spend_gbp as decimal(18, 2)) as spend_gbp,
    {{ financial_year('month') }} as price_year
from contract
union all
select
    unit_costed.month,
    unit_costed.practice_code,
    unit_costed.provider_code,
    unit_costed.point_of_delivery,
    'unit_cost' as cost_basis,
    cast(unit_costed.activity as decimal(18, 3)) as activity,
    cast(case when costs.unit_cost_gbp is not null then unit_costed.activity else 0 end as decimal(18, 3)) as activity_priced,
    cast(unit_costed.activity * costs.unit_cost_gbp as decimal(18, 2)) as spend_gbp,
    costs.price_year
from unit_costed
left join {{ ref('unit_costs') }} as costs on unit_costed.point_of_delivery = costs.point_of_delivery
union all
select
    month,
    practice_code,
    cast(null as varchar(20)) as provider_code,
    'GP_PAYMENTS' as point_of_delivery,
    'payment' as cost_basis,
    cast(0 as decimal(18, 3)) as activity,
    cast(0 as decimal(18, 3)) as activity_priced,
    spend_gbp,
    {{ financial_year('month') }} as price_year
from payment_months
