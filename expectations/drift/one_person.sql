-- The person with the most records of this delivery, in the feed and at each provider. Somebody on dialysis comes three times a week, which
-- is a large share of a small feed and never more than one record a day.
with records as (
    select coalesce($provider, '') as provider_code, person_id, count(*) as y
    from $rows as live, this_build as b
    where live.delivery = b.delivery and coverage_month between b.first_month and b.last_month
    group by all
),
of_feed as (
    select 'all' as provider_code, person_id, sum(y) as y, $least_of_feed as least from records group by person_id
    union all
    select provider_code, person_id, y, $least_of_provider as least from records where provider_code <> ''
)
select
    provider_code as subject,
    if(provider_code = 'all', sum(y), 0) as examined,
    coalesce(max(y) filter (where person_id is not null), 0) >= any_value(least)
    and coalesce(max(y) filter (where person_id is not null), 0) > $share * sum(y) as is_violation,
    format('{:.0f} % of the records are of one person', 100.0 * coalesce(max(y) filter (where person_id is not null), 0) / sum(y)) as note
from of_feed group by provider_code
