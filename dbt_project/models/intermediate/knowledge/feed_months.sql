-- Which months a feed covers (definitions E2): as the plan judged by its rows (`judge_coverage`), with what has no rows of a month to be judged
-- by. `is_final`: delivered half a year after the month, or by the year's end.
with

judged as (
    select
        feed,
        coverage_month as month,
        sum(rows_live) as rows_live,
        bool_and(is_covered) as is_covered,
        min(case when is_annual or data_cut >= {{ add_months(month_end('coverage_month'), 6) }} then 1 else 0 end) = 1 as is_final,
        max(data_cut) as data_cut
    from {{ ref('stg_plan__feed_coverage') }}
    where rows_live > 0 and coverage_month is not null
    group by feed, coverage_month
),

-- in a small area nobody may have died in a month: where fewer than 20 a month are usual, a hole between two months is no gap
quiet as (
    select
        feed,
        min(month) as first_month,
        max(month) as last_month,
        max(data_cut) as data_cut
    from judged
    where feed = 'deaths' and is_covered
    group by feed
    having median(rows_live) < 20
)

select
    feed,
    month,
    cast(rows_live as bigint) as rows_live,
    is_covered,
    is_final
from judged
union all
select
    quiet.feed,
    months.month,
    cast(0 as bigint) as rows_live,
    true as is_covered,
    quiet.data_cut >= {{ add_months('months.month_end', 6) }} as is_final
from quiet
inner join {{ ref('months') }} as months on months.month between quiet.first_month and quiet.last_month
left join judged on quiet.feed = judged.feed and months.month = judged.month
where judged.feed is null
union all
-- payments are accounts of a financial year: their file has no months of its own
select
    'gp_payments' as feed,
    months.month,
    cast(count(*) as bigint) as rows_live,
    true as is_covered,
    max(deliveries.data_cut) >= {{ add_months('months.month_end', 6) }} as is_final
from (
    select distinct financial_year_start
    from {{ ref('stg_gp_payments__payments') }}
) as years
inner join {{ ref('months') }} as months on years.financial_year_start = months.financial_year_start
inner join (
    select max(data_cut) as data_cut
    from {{ ref('stg_plan__feed_coverage') }}
    where feed = 'gp_payments' and rows_live > 0
) as deliveries on deliveries.data_cut is not null
group by months.month, months.month_end
