-- How far each indicator's months may be read: covered by its feeds, followed up, and final, provisional or incomplete (definitions
-- C9; the status of a feed's month is one rule, in feed_month_statuses). Twelve months are as good as the worst of them.
with

-- yearly payments are accounts: every month of a delivered year is covered, and settled
statuses as (
    select
        status_group,
        month,
        period_status
    from {{ ref('feed_month_statuses') }}
    union all
    select distinct
        'gp_payments' as status_group,
        month,
        'final' as period_status
    from {{ ref('spend_lines') }}
    where cost_basis = 'payment'
),

requirement_months as (
    select
        required.indicator_id,
        required.requirement,
        months.month,
        count(statuses.period_status) > 0 as is_covered,
        bool_or(statuses.period_status = 'incomplete') as is_incomplete,
        bool_and(statuses.period_status = 'final') as is_final
    from {{ ref('indicator_status_groups') }} as required
    cross join {{ ref('months') }} as months
    left join statuses
        on required.status_group = statuses.status_group and months.month = statuses.month
    group by required.indicator_id, required.requirement, months.month
),

monthly as (
    select
        requirements.indicator_id,
        requirements.month,
        {{ month_number('requirements.month') }} as month_number,
        bool_and(requirements.is_covered) as is_covered,
        bool_and(months.data_cut >= {{ add_days('months.month_end', 'catalogue.maturity_lag_days') }}) as is_followed_up,
        coalesce(bool_or(requirements.is_incomplete), false) as is_incomplete,
        coalesce(bool_and(requirements.is_final), false) as is_final
    from requirement_months as requirements
    inner join {{ ref('months') }} as months on requirements.month = months.month
    inner join {{ ref('indicator_catalogue') }} as catalogue on requirements.indicator_id = catalogue.indicator_id
    group by requirements.indicator_id, requirements.month
),

both_periods as (
    select
        * exclude (month_number),
        'month' as period
    from monthly
    union all by name
    select
        indicator_id,
        month,
        bool_and(is_covered) over last_12_months as is_covered,
        bool_and(is_followed_up) over last_12_months as is_followed_up,
        bool_or(is_incomplete) over last_12_months as is_incomplete,
        bool_and(is_final) over last_12_months as is_final,
        'rolling_12_months' as period
    from monthly
    window last_12_months as (
        partition by indicator_id order by month_number range between 11 preceding and current row
    )
)

select
    indicator_id,
    month,
    period,
    is_covered,
    is_followed_up,
    case
        when is_incomplete or not is_covered or not is_followed_up then 'incomplete'
        when is_final then 'final'
        else 'provisional'
    end as period_status
from both_periods
