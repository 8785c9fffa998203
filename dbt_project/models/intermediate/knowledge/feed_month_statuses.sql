-- How settled a month is, per group of measures (definitions C9), before what single areas miss and what follow-up still runs.
with groups as (
    {% for group, feed in status_groups().items() -%}
    select
        '{{ group }}' as status_group,
        '{{ feed }}' as feed
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

coverage as (
    select
        coverage.feed,
        coverage.coverage_month as month,
        min(case
            when coverage.is_annual or coverage.data_cut >= {{ add_months('months.month_end', 6) }} then 1
            else 0
        end) = 1 as is_final
    from {{ ref('stg_plan__feed_coverage') }} as coverage
    inner join {{ ref('months') }} as months on coverage.coverage_month = months.month
    where coverage.rows_live > 0 and coverage.feed <> 'gp_payments'
    group by coverage.feed, coverage.coverage_month
    union all
    -- payments come by financial year, so their file has no months of its own
    select
        'gp_payments' as feed,
        months.month,
        max(coverage.data_cut) >= {{ add_months('months.month_end', 6) }} as is_final
    from (
        select distinct financial_year_start
        from {{ ref('stg_gp_payments__payments') }}
    ) as years
    inner join {{ ref('months') }} as months on years.financial_year_start = months.financial_year_start
    inner join {{ ref('stg_plan__feed_coverage') }} as coverage on coverage.feed = 'gp_payments'
    group by months.month, months.month_end
    union all
    -- nobody may have died in a month of a small area: a hole between two months with deaths is covered, not missing
    select
        spans.feed,
        months.month,
        spans.data_cut >= {{ add_months('months.month_end', 6) }} as is_final
    from (
        select
            feed,
            min(coverage_month) as first_month,
            max(coverage_month) as last_month,
            max(data_cut) as data_cut
        from {{ ref('stg_plan__feed_coverage') }}
        where feed = 'deaths' and rows_live > 0
        group by feed
    ) as spans
    inner join {{ ref('months') }} as months on months.month between spans.first_month and spans.last_month
    left join {{ ref('stg_plan__feed_coverage') }} as found
        on spans.feed = found.feed and months.month = found.coverage_month and found.rows_live > 0
    where found.feed is null
),

-- a missing practice makes its own team's month incomplete (area_month_statuses), a missing provider everybody's
missing_providers as (
    select distinct
        expected.feed,
        expected.coverage_month as month
    from {{ ref('stg_plan__expected_providers') }} as expected
    left join {{ ref('icb_practices') }} as practices on expected.provider_code = practices.practice_code
    where not expected.is_received and practices.practice_code is null
)

select
    groups.status_group,
    groups.feed,
    months.month,
    case
        when missing_providers.feed is not null then 'incomplete'
        when groups.status_group = 'admissions' and months.is_data_cut_month then 'incomplete'
        -- a referral dated by its request is only seen once the appointment has happened
        when groups.status_group = 'referrals_hes_op' and {{ months_between('months.month', 'months.data_cut') }} < 6 then 'incomplete'
        when coverage.is_final then 'final'
        else 'provisional'
    end as period_status
from groups
inner join coverage on groups.feed = coverage.feed
inner join {{ ref('months') }} as months on coverage.month = months.month
left join missing_providers on groups.feed = missing_providers.feed and months.month = missing_providers.month
left join {{ ref('gp_appointment_month_sources') }} as sources on months.month = sources.month
where
    (groups.feed <> 'hes_ae' or months.month < {{ first_day_of_ecds() }})
    and (groups.feed <> 'ecds' or months.month >= {{ first_day_of_ecds() }})
    and (groups.feed <> 'gp_appointments' or sources.source = 'gp_appointments')
    and (groups.feed <> 'gp_appointments_published' or coalesce(sources.source, 'none') <> 'gp_appointments')
