-- Mean price per unit of activity over everything delivered, by provider: a hospital contact costs tens to thousands of pounds.
select
    said(provider_code) as subject,
    count(*) as examined,
    sum(price_gbp)::double / sum(activity)::double not between $lowest and $highest as is_violation,
    format('mean price of {:.0f} pounds', sum(price_gbp)::double / sum(activity)::double) as note
from inputs.live.contract_activity as live, this_build as b
where activity > 0 and price_gbp is not null and live.delivery = b.delivery
group by provider_code
having count(*) >= $minimum_rows
