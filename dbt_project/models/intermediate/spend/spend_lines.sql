-- Pounds by month, practice, provider and point of delivery (definitions C6, E6). What a contract says of a provider, month and point of
-- delivery stands: at its price, or, where a line has none, at unit cost. Only where it says nothing are the records counted and costed.
-- Payments to practices are spread over their year. Activity without any price has null pounds and stays visible through `activity_priced`.
with contract as (
    select
        lines.month,
        lines.practice_code,
        lines.provider_code,
        lines.point_of_delivery,
        points.costed_as,
        -- a line without a price is costed where there is a unit cost for what it pays for, and else stays as it is
        lines.price_gbp is null and costs.unit_cost_gbp is not null as is_costed,
        sum(lines.activity) as activity,
        sum(case when lines.price_gbp is not null then lines.activity else 0 end) as activity_priced,
        sum(lines.price_gbp) as spend_gbp
    from {{ ref('contract_lines') }} as lines
    left join {{ ref('points_of_delivery') }} as points on lines.point_of_delivery = points.point_of_delivery
    left join {{ ref('unit_costs') }} as costs on points.costed_as = costs.point_of_delivery
    group by all
),

said_by_contract as (
    select distinct
        month,
        provider_code,
        costed_as
    from contract
    -- what a provider is paid for another ICB's patients says nothing of ours
    where costed_as is not null and (practice_code is null or practice_code in (select practice_code from {{ ref('icb_practices') }}))
),

hospital_activity as (
    select
        event_month as month,
        practice_code,
        provider_code,
        case when setting = 'ae_attendance' then 'AE' else 'SDEC' end as point_of_delivery,
        count(*) as activity
    from {{ ref('ae_attendances') }}
    where is_visit
    group by all
    union all
    select
        event_month as month,
        practice_code,
        provider_code,
        case visit_type when 'first' then 'OPFA' when 'procedure' then 'OPPROC' else 'OPFUP' end as point_of_delivery,
        count(*) as activity
    from {{ ref('outpatient_appointments') }}
    where is_attended
    group by all
    union all
    -- a spell's cost falls in its discharge month; how one of unknown method is paid for nobody can say
    select
        {{ month_start('spells.discharge_date') }} as month,
        spells.last_practice_code as practice_code,
        spells.provider_code,
        case
            when methods.admission_type = 'emergency' then 'NEL'
            when methods.admission_type in ('non_emergency', 'transfer') then 'NELNE'
            when methods.admission_type is null then 'OTHER'
            when spells.patient_classification = '2' then 'DC'
            when spells.patient_classification in ('3', '4') then 'RADAY'
            else 'EL'
        end as point_of_delivery,
        count(*) as activity
    from {{ ref('spells') }} as spells
    left join {{ ref('admission_methods') }} as methods on spells.admission_method = methods.code
    where spells.discharge_date is not null
    group by all
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
        cast(null as varchar(40)) as costed_as,
        false as is_contract_activity,
        hospital_activity.activity
    from hospital_activity
    left join said_by_contract
        on
            hospital_activity.month = said_by_contract.month
            and hospital_activity.provider_code = said_by_contract.provider_code
            and hospital_activity.point_of_delivery = said_by_contract.costed_as
    where said_by_contract.provider_code is null
    union all
    select
        month,
        practice_code,
        provider_code,
        point_of_delivery,
        costed_as,
        true as is_contract_activity,
        activity
    from contract
    where is_costed
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
        null as costed_as,
        false as is_contract_activity,
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
    true as is_contract_activity,
    cast(activity as decimal(18, 3)) as activity,
    cast(activity_priced as decimal(18, 3)) as activity_priced,
    cast(spend_gbp as decimal(18, 2)) as spend_gbp,
    {{ financial_year('month') }} as price_year
from contract
where not is_costed
union all
select
    unit_costed.month,
    unit_costed.practice_code,
    unit_costed.provider_code,
    unit_costed.point_of_delivery,
    'unit_cost' as cost_basis,
    unit_costed.is_contract_activity,
    cast(unit_costed.activity as decimal(18, 3)) as activity,
    cast(case when costs.unit_cost_gbp is not null then unit_costed.activity else 0 end as decimal(18, 3)) as activity_priced,
    cast(unit_costed.activity * costs.unit_cost_gbp as decimal(18, 2)) as spend_gbp,
    costs.price_year
from unit_costed
left join {{ ref('unit_costs') }} as costs
    on coalesce(unit_costed.costed_as, unit_costed.point_of_delivery) = costs.point_of_delivery
union all
select
    month,
    practice_code,
    cast(null as varchar(20)) as provider_code,
    'GP_PAYMENTS' as point_of_delivery,
    'payment' as cost_basis,
    false as is_contract_activity,
    cast(0 as decimal(18, 3)) as activity,
    cast(0 as decimal(18, 3)) as activity_priced,
    spend_gbp,
    {{ financial_year('month') }} as price_year
from payment_months
