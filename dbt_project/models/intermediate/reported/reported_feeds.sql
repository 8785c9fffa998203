-- Feeds of reported measures that were delivered, with their live rows.
select
    feed,
    cast(sum(rows_live) as bigint) as rows_delivered
from {{ ref('stg_plan__feed_coverage') }}
where feed in ('{{ reported_sources().keys() | join("', '") }}')
group by feed
