-- Months in which the basis of an area's spend changes for good (definitions E6): providers of more than a fifth of its hospital spend of the
-- 12 months before begin to be paid by contract lines, or are no longer expected to. A series starts a new phase there, and no change of an
-- indicator crosses it. On the boundaries of the data cut.
with changes as (
    select
        provider_code,
        month
    from (
        select
            provider_code,
            month,
            is_on_contract,
            lag(is_on_contract) over (partition by provider_code order by month) as was_on_contract
        from {{ ref('spend_provider_bases') }}
    ) as in_time
    where is_on_contract <> was_on_contract
),

change_months as (
    select distinct month
    from changes
),

-- the pounds that each practice's people cost at each provider in the year before a month of change
spend_before as (
    select
        change_months.month,
        lines.practice_code,
        lines.provider_code,
        sum(lines.spend_gbp) as spend_gbp
    from change_months
    inner join {{ ref('spend_lines') }} as lines
        on lines.month < change_months.month and lines.month >= {{ add_months('change_months.month', -12) }}
    where lines.provider_code is not null and lines.practice_code is not null and lines.spend_gbp > 0
    group by change_months.month, lines.practice_code, lines.provider_code
),

placed as (
    select
        spend_before.month,
        areas.int_code,
        areas.pcn_code,
        areas.hcp_code,
        build.icb_code,
        spend_before.spend_gbp,
        case when changes.provider_code is not null then spend_before.spend_gbp else 0 end as changing_gbp
    from spend_before
    inner join {{ ref('practice_areas') }} as areas
        on
            areas.boundary = 'marts'
            and spend_before.month = areas.month
            and spend_before.practice_code = areas.practice_code
    cross join {{ ref('build') }} as build
    left join changes on spend_before.month = changes.month and spend_before.provider_code = changes.provider_code
),

area_sums as (
    {{ sum_to_areas(
        'placed', ['month'], {'spend_gbp': 'sum(spend_gbp)', 'changing_gbp': 'sum(changing_gbp)'}
    ) | indent(4) }}
)

select
    area_type,
    area_code,
    month
from area_sums
where 5 * changing_gbp > spend_gbp
