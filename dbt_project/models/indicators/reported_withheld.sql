-- Areas whose reported value is withheld (definitions E23): fewer replies than the measure's minimum, and the next smallest beside them until
-- what is hidden in an area above is at least two areas and at least the minimum together, so that it cannot be had by subtraction; where
-- that cannot be, the area above is hidden too. Once from teams to partnerships, once from partnerships (and the practices without a team)
-- to the ICB; always of one period, because others are in another sum. A partnership that reports itself is hidden where the teams that did
-- not come are few. A hidden partnership whose teams are all shown would be their sum: its smallest team then goes with it.
with

figures as (
    select *
    from {{ ref('reported_area_cells') }}
    where boundary = 'marts' and minimum_count > 0 and is_delivered
),

teams as (
    select
        figures.measure_id,
        figures.month,
        figures.minimum_count,
        figures.area_code,
        figures.replies,
        figures.period_start,
        figures.period_end,
        places.hcp_code,
        cast(figures.replies < figures.minimum_count as integer) as is_small
    from figures
    inner join (
        select distinct
            month,
            int_code,
            hcp_code
        from {{ ref('practice_areas') }}
        where boundary = 'marts' and int_code <> 'NO_INT'
    ) as places on figures.month = places.month and figures.area_code = places.int_code
    where figures.area_type = 'int' and figures.replies > 0
),

teams_ranked as (
    select
        *,
        sum(is_small) over partnership as small_ones,
        coalesce(sum(replies) over ahead, 0) as replies_ahead,
        count(*) over ahead as areas_ahead
    from teams
    window
        partnership as (partition by measure_id, month, hcp_code, period_start, period_end),
        ahead as (
            partition by measure_id, month, hcp_code, period_start, period_end order by is_small desc, replies, area_code
            rows between unbounded preceding and 1 preceding
        )
),

teams_judged as (
    select
        *,
        {{ is_withheld() }} as is_withheld
    from teams_ranked
),

in_partnerships as (
    select
        measure_id,
        month,
        hcp_code,
        period_start,
        period_end,
        count(*) filter (where is_withheld) as hidden_areas,
        coalesce(sum(replies) filter (where is_withheld), 0) as hidden_replies,
        sum(replies) as replies,
        min(replies) as smallest_replies,
        arg_min(area_code, (replies, area_code)) as smallest_area
    from teams_judged
    group by measure_id, month, hcp_code, period_start, period_end
),

-- partnerships, and the practices without a team: the ICB less its partnerships
below_icb as (
    select
        figures.measure_id,
        figures.month,
        figures.minimum_count,
        figures.area_code,
        figures.replies,
        within.smallest_area,
        coalesce(within.hidden_areas, 0) as hidden_areas,
        coalesce(within.hidden_replies, 0) as hidden_replies,
        coalesce(within.smallest_replies, figures.replies) as smallest_replies,
        cast(
            figures.replies < figures.minimum_count
            or (figures.replies > within.replies and figures.replies < within.replies + figures.minimum_count)
            or (
                coalesce(within.hidden_areas, 0) > 0
                and not (within.hidden_areas >= 2 and within.hidden_replies >= figures.minimum_count)
            ) as integer
        ) as is_small
    from figures
    left join in_partnerships as within
        on
            figures.measure_id = within.measure_id
            and figures.month = within.month
            and figures.area_code = within.hcp_code
            and figures.period_start = within.period_start
            and figures.period_end = within.period_end
    where figures.area_type = 'hcp' and figures.replies > 0
    union all
    select
        icb.measure_id,
        icb.month,
        icb.minimum_count,
        'NO_INT' as area_code,
        icb.replies - coalesce(partnerships.replies, 0) as replies,
        cast(null as varchar) as smallest_area,
        0 as hidden_areas,
        cast(0 as decimal(38, 6)) as hidden_replies,
        icb.replies - coalesce(partnerships.replies, 0) as smallest_replies,
        cast(icb.replies - coalesce(partnerships.replies, 0) < icb.minimum_count as integer) as is_small
    from figures as icb
    left join (
        select
            measure_id,
            month,
            sum(replies) as replies
        from figures
        where area_type = 'hcp'
        group by measure_id, month
    ) as partnerships on icb.measure_id = partnerships.measure_id and icb.month = partnerships.month
    where icb.area_type = 'icb' and icb.replies > coalesce(partnerships.replies, 0)
),

-- what a subtraction would give of each if it were hidden: what is hidden within it, else its smallest team
weighed as (
    select
        *,
        case when hidden_areas > 0 then hidden_areas else 1 end as weight_areas,
        case when hidden_areas > 0 then hidden_replies else smallest_replies end as weight_replies
    from below_icb
),

partnerships_ranked as (
    select
        *,
        sum(is_small) over icb as small_ones,
        coalesce(sum(weight_replies) over ahead, 0) as replies_ahead,
        coalesce(sum(weight_areas) over ahead, 0) as areas_ahead
    from weighed
    window
        icb as (partition by measure_id, month),
        ahead as (
            partition by measure_id, month order by is_small desc, replies, area_code rows between unbounded preceding and 1 preceding
        )
),

partnerships_judged as (
    select
        *,
        {{ is_withheld() }} as is_withheld
    from partnerships_ranked
),

icb as (
    select
        figures.measure_id,
        figures.month,
        figures.area_code
    from figures
    left join (
        select
            measure_id,
            month,
            max(small_ones) as small_ones,
            sum(weight_areas) filter (where is_withheld) as hidden_areas,
            sum(weight_replies) filter (where is_withheld) as hidden_replies
        from partnerships_judged
        group by measure_id, month
    ) as below on figures.measure_id = below.measure_id and figures.month = below.month
    where
        figures.area_type = 'icb'
        and (
            figures.replies < figures.minimum_count
            or (below.small_ones > 0 and not (below.hidden_areas >= 2 and below.hidden_replies >= figures.minimum_count))
        )
)

select
    measure_id,
    month,
    'int' as area_type,
    area_code
from teams_judged
where is_withheld
union
select
    measure_id,
    month,
    'int' as area_type,
    smallest_area as area_code
from partnerships_judged
where is_withheld and smallest_area is not null and hidden_areas = 0
union
select
    measure_id,
    month,
    'hcp' as area_type,
    area_code
from partnerships_judged
where is_withheld and area_code <> 'NO_INT'
union
select
    measure_id,
    month,
    'icb' as area_type,
    area_code
from icb
union
-- nobody answered: nothing to hide, and nothing to show either
select
    measure_id,
    month,
    area_type,
    area_code
from figures
where replies is null or replies < minimum_count
