-- From which months a process chart starts anew, and why (definitions C10, E9): the dated reasons of the seed; where an area's stays of no
-- night are recorded another way, for every measure that counts them; and the months in which the basis of
-- spend changes: yearly payments to general practice begin or end (appointments stand in at unit costs without them), or contract lines of
-- hospitals do (definitions E6).
with

payment_months as (
    select distinct month
    from {{ ref('spend_lines') }}
    where cost_basis = 'payment'
),

basis_months as (
    select
        months.month,
        payment_months.month is not null as has_payments,
        lag(payment_months.month is not null) over (order by months.month) as had_payments
    from {{ ref('months') }} as months
    left join payment_months on months.month = payment_months.month
)

select
    indicator_id,
    area_type,
    area_code,
    month,
    reason
from {{ ref('spc_rebasings') }}
union all
select
    catalogue.indicator_id,
    null as area_type,
    null as area_code,
    basis_months.month,
    case
        when basis_months.has_payments
            then 'From here payments to general practice are known; before, its appointments stand in at unit costs'
        else 'From here payments to general practice are not published yet; its appointments stand in at unit costs'
    end as reason
from basis_months
inner join {{ ref('indicator_catalogue') }} as catalogue
    on catalogue.numerator_measure_id in ('spend_per_head', 'spend_per_head_constant_prices')
where basis_months.has_payments <> basis_months.had_payments
union all
select
    catalogue.indicator_id,
    phases.area_type,
    phases.area_code,
    phases.month,
    'From here its hospitals record same-day emergency care as attendances and no longer as admissions' as reason
from {{ ref('recording_phases') }} as phases
inner join {{ ref('indicator_catalogue') }} as catalogue
    on catalogue.numerator_measure_id in ('{{ zero_night_measures() | join("', '") }}')
-- one reason for one month: a dated one of the seed goes before
where
    not exists (
        select 1
        from {{ ref('spc_rebasings') }} as dated
        where
            catalogue.indicator_id = dated.indicator_id
            and phases.month = dated.month
            and coalesce(dated.area_type, phases.area_type) = phases.area_type
            and coalesce(dated.area_code, phases.area_code) = phases.area_code
    )
union all
select
    catalogue.indicator_id,
    changes.area_type,
    changes.area_code,
    changes.month,
    'From here hospitals stand in at other prices: contract lines of theirs begin, or end' as reason
from {{ ref('spend_basis_changes') }} as changes
inner join {{ ref('indicator_catalogue') }} as catalogue on catalogue.numerator_measure_id like 'spend_per_head%'
where
    not exists (
        select 1
        from {{ ref('spc_rebasings') }} as dated
        where
            catalogue.indicator_id = dated.indicator_id
            and changes.month = dated.month
            and coalesce(dated.area_type, changes.area_type) = changes.area_type
            and coalesce(dated.area_code, changes.area_code) = changes.area_code
    )
    -- a month in which payments begin or end starts the series anew already
    and changes.month not in (
        select basis_months.month from basis_months
        where basis_months.has_payments <> basis_months.had_payments
    )
