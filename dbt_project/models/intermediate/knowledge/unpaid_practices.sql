-- Practices with a list in a month whose accounts are out, and without a payment in them: their appointments stand at unit cost, which is not
-- what was paid (definitions E1, E6). Accounts of a year have no rows of a month by which a sender could be expected.
select
    lists.month,
    lists.practice_code,
    lists.registered_population
from (
    select
        month,
        practice_code,
        sum(registered_population) as registered_population
    from {{ ref('registered_population') }}
    group by month, practice_code
) as lists
inner join {{ ref('feed_months') }} as accounts on lists.month = accounts.month and accounts.feed = 'gp_payments'
inner join {{ ref('months') }} as months on lists.month = months.month
left join (
    select distinct
        financial_year_start,
        practice_code
    from {{ ref('stg_gp_payments__payments') }}
    where payments_gbp is not null
) as paid on months.financial_year_start = paid.financial_year_start and lists.practice_code = paid.practice_code
where paid.practice_code is null
