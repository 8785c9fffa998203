-- Payments to general practice for each registered patient and year: England's average is about 150 to 180 pounds.
select
    financial_year as subject, count(*) as examined,
    sum(payments_gbp)::double / sum(registered_patients) not between $lowest and $highest as is_violation,
    format('{:.0f} pounds for each patient', sum(payments_gbp)::double / sum(registered_patients)) as note
from inputs.live.gp_payments
where registered_patients > 0 and payments_gbp is not null
group by financial_year
