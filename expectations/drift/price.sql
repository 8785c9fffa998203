-- Mean price per unit of activity, by provider and point of delivery, of each month of this delivery against the provider's other
-- months: pounds written as pence, prices without a decimal point, prices of another tariff.
with lines as (
    select
        provider_code, point_of_delivery_code, coverage_month as month, activity, price_gbp, live.delivery = b.delivery as is_newest
    from inputs.live.contract_activity as live, this_build as b
    where activity > 0 and price_gbp is not null and coverage_month between b.first_month and b.last_month
),
cells as (
    select
        provider_code, point_of_delivery_code, month, bool_or(is_newest) as is_newest, count(*) as lines,
        sum(price_gbp)::double / sum(activity)::double as price,
        coalesce(stddev_samp(price_gbp::double / activity::double), 0) as spread
    from lines group by all
),
compared as (
    select
        n.provider_code, n.point_of_delivery_code, n.month, n.lines, n.price, n.spread,
        median(o.price) as usual, count(*) as months
    from cells as n
    inner join cells as o
        on o.provider_code = n.provider_code and o.point_of_delivery_code = n.point_of_delivery_code and o.month <> n.month
            and (not o.is_newest or (select bool_and(is_newest) from cells))
    where n.is_newest and o.price > 0
    group by all
)
select
    concat_ws(' ', said(provider_code), listed, strftime(month, '%Y-%m')) as subject,
    lines as examined,
    -- `or` does not keep `ln` from what is not above zero: a sum of credit notes is judged by the half penny
    price <= 0
    or abs(ln(greatest(price, 0.005) / usual)) > ln($ratio) + $standard_errors * least(spread / greatest(price, 0.005), 1.5) / sqrt(lines) as is_violation,
    format('{:.2f} times its usual price', price / usual) as note
from compared
left join (select point_of_delivery as listed from seeds.points_of_delivery) as points on point_of_delivery_code = listed
where months >= $months_needed and lines >= $minimum_rows
