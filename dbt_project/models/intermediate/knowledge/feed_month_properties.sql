-- Whether a feed's records of a month say a property (definitions E1): at least half as often as in the 12 nearest months that say it
-- at all, or so seldom there that fewer than 20 rows would say it, where none is chance; what every record has, in at least half of the
-- rows. Lists are judged area by area (area_list_gaps).
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
)

select
    shares.feed,
    shares.month,
    shares.property,
    shares.share
from shares
left join usual
    on shares.feed = usual.feed and shares.month = usual.month and shares.property = usual.property
where
    case
        when shares.property in ('{{ core_properties() | join("', '") }}')
            then shares.share >= 0.5 and coalesce(shares.share >= 0.5 * usual.usual_share, true)
        when usual.usual_share is null then shares.share > 0
        else shares.share >= 0.5 * usual.usual_share or shares.rows_sent * usual.usual_share < 20
    end
