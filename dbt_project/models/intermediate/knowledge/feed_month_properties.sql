-- Whether a feed's records of a month say a property (definitions E1): at least half as often as in the 12 nearest months that say it
-- at all, or so seldom there (in fewer than half of the rows, and fewer than 20) that few are chance, and none where fewer than 5 would say
-- it; what every record has, in at least half of the rows. A month that was delivered and holds no record leaves nothing unsaid. `months_behind` and `months_ahead`: how many months in a row say it too, for what
-- looks back or waits. Lists are judged area by area (area_list_gaps).
with

shares as (
    {% for property in all_properties() -%}
    select
        feed,
        month,
        '{{ property }}' as property,
        sum(rows_sent) as rows_sent,
        cast(sum(says_{{ property }}) as double) / cast(sum(rows_sent) as double) as share
    from {{ ref('feed_cells') }}
    where feed <> 'gp_registrations'
    group by feed, month
    having sum(rows_sent) > 0
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

neighbours as (
    select
        shares.feed,
        shares.month,
        shares.property,
        others.share,
        row_number() over (
            partition by shares.feed, shares.property, shares.month
            order by abs({{ months_between('shares.month', 'others.month') }}), others.month desc
        ) as nearness
    from shares
    inner join shares as others
        on shares.feed = others.feed and shares.property = others.property and shares.month <> others.month
    where others.share > 0
),

usual as (
    select
        feed,
        month,
        property,
        median(share) as usual_share
    from neighbours
    where nearness <= 12
    group by feed, month, property
),

said_by_rows as (
    select
        shares.feed,
        shares.month,
        shares.property,
        shares.share,
        {{ month_number('shares.month') }} as month_number
    from shares
    left join usual
        on shares.feed = usual.feed and shares.month = usual.month and shares.property = usual.property
    where
        case
            when shares.property in ('{{ core_properties() | join("', '") }}')
                then shares.share >= 0.5 and coalesce(shares.share >= 0.5 * usual.usual_share, true)
            when usual.usual_share is null then shares.share > 0
            else
                shares.share >= 0.5 * usual.usual_share
                or (usual.usual_share < 0.5 and shares.rows_sent * usual.usual_share < case when shares.share > 0 then 20 else 5 end)
        end
),

said as (
    select *
    from said_by_rows
    union all
    select
        feed_months.feed,
        feed_months.month,
        known.property,
        cast(null as double) as share,
        {{ month_number('feed_months.month') }} as month_number
    from {{ ref('feed_months') }} as feed_months
    inner join (
        select distinct
            feed,
            property
        from said_by_rows
    ) as known on feed_months.feed = known.feed
    left join (
        select distinct
            feed,
            month
        from shares
    ) as filled on feed_months.feed = filled.feed and feed_months.month = filled.month
    where feed_months.is_covered and filled.feed is null
),

-- months without one between them that does not say it have one number
runs as (
    select
        *,
        month_number - row_number() over (partition by feed, property order by month_number) as run_number
    from said
)

select
    feed,
    month,
    property,
    share,
    cast(month_number - min(month_number) over (partition by feed, property, run_number) as integer) as months_behind,
    cast(max(month_number) over (partition by feed, property, run_number) - month_number as integer) as months_ahead
from runs
