-- Payments to general practice for each registered patient and year: 172 pounds in one ICB in 2022/23.
select
    financial_year as subject, count(*) as examined,
    sum(payments_gbp)::double / sum(registered_patients) not between $lowest and $highest as is_violation,
    format('{:.0f} pounds for each patient', sum(payments_gbp)::double / sum(registered_patients)) as note
from inputs.live.gp_payments
where registered_patients > 0 and payments_gbp is not null
group by financial_year
