-- A&E attendances of type 1 as counted here against NHS England's monthly figures, by provider and month. Ours hold only people of our
-- practices and those treated here; so the check is on the ratio staying what it usually is for the provider, and never far above one.
with ours as (
    select provider_code, event_month as month, count(*) as y from intermediate.ae_attendances where is_type_1 group by all
),
pairs as (
    select o.provider_code, o.month, o.y, p.attendances_type_1 as published, o.y / p.attendances_type_1 as ratio
    from ours as o
    inner join inputs.live.ae_monthly_published as p on p.org_code = o.provider_code and p.month = o.month
    where p.attendances_type_1 >= $minimum_rows
),
scored as (
    select *, median(ratio) over (partition by provider_code) as usual, count(*) over (partition by provider_code) as months from pairs
)
select
    said(provider_code) || ' ' || strftime(month, '%Y-%m') as subject,
    y as examined,
    ratio > 1 + $share + $standard_errors / sqrt(y + 1)
    or (months >= 6 and abs(ln((y + 0.5) / published / usual)) > $share + $standard_errors / sqrt(y + 1)) as is_violation,
    format('{:.2f} of the published figure, usually {:.2f}', ratio, usual) as note
from scored
