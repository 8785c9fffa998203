-- Which list stands for each month: its own, else the last one before it, else the first one after it (definitions C9).
with lists as (
    select distinct list_month
    from {{ ref('stg_gp_registrations__patients') }}
),

candidates as (
    select
        months.month,
        max(case when lists.list_month <= months.month then lists.list_month end) as earlier_list_month,
        min(case when lists.list_month > months.month then lists.list_month end) as later_list_month
    from {{ ref('months') }} as months
    cross join lists
    group by months.month
)

select
    month,
    coalesce(earlier_list_month, later_list_month) as list_month,
    case
        when earlier_list_month = month then 'list'
        when earlier_list_month is not null then 'carried_forward'
        else 'carried_back'
    end as population_basis
from candidates
