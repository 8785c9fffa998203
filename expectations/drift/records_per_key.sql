-- Share of records whose key ($linked) another record of the same month has had before, over this delivery and by provider, against the
-- months of other deliveries (in a first delivery: its last month against the earlier ones). Keys made anew, or one key for everything,
-- split or melt what is counted by them. Within a month, because a referral's records spread over several: counted over a year more of
-- them share their key than counted over one month.
with records as (
    select
        coalesce($provider, '') as provider_code, $linked as key, coverage_month,
        case when (select count(*) from inputs.live.$feed as other, this_build as c where other.delivery <> c.delivery) > 0
            then live.delivery = b.delivery else coverage_month = b.last_month end as is_new
    from inputs.live.$feed as live, this_build as b
    where $linked is not null and coverage_month between b.first_month and b.last_month
),
counted as (
    select provider_code, is_new, count(*) as n, count(*) - count(distinct (key, coverage_month)) as y from records group by all
),
compared as (
    select provider_code, n.n, n.y, h.n as h_n, h.y as h_y
    from (select * from counted where is_new) as n inner join (select * from counted where not is_new) as h using (provider_code)
)
select
    coalesce(nullif(provider_code, ''), 'all') as subject,
    n as examined,
    abs(y / n - h_y / h_n) > $floor and abs(share_distance(y, n, h_y, h_n)) > $standard_errors as is_violation,
    format('{:.1f} % of the records share their key with an earlier one of their month, {:.1f} % in its history', 100 * y / n, 100 * h_y / h_n) as note
from compared where n >= $minimum_rows and h_n >= $minimum_rows
