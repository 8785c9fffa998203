-- Every reported row that was delivered, with the kind of its measure and why it is not used. Of periods of one measure and area where one
-- holds the other the shorter stands: from a year and three of its quarters the fourth could be worked out, small or not. So it is between
-- an area and what lies in it, where few may not be shown: the longer goes, and where the longer is the part's, the shorter one above it.
-- Of several that end in one month the last stands. An area is known by its code in any case of letters; published files hold the whole
-- country, so that what is not ours in them is `another_place`, and in the ICB's own file an `unknown_area`. What ends outside the months
-- of the marts has no team to belong to and no month to stand at.
with

described as (
    select
        delivered.* exclude (area_code),
        case
            when areas.area_code is not null then areas.area_code
            when delivered.area_type = 'practice' then coalesce({{ usable_practice_code('delivered.area_code') }}, delivered.area_code)
            else delivered.area_code
        end as area_code,
        {{ month_start('delivered.period_end') }} as month,
        catalogue.measure_kind,
        catalogue.minimum_count,
        areas.area_code is not null and (areas.is_at_cut or catalogue.minimum_count = 0)
        or delivered.area_type in ('{{ context_area_types() | join("', '") }}') as is_known,
        {{ reported_removed_by('delivered', 'catalogue', 'scales') }} as removed_by
    from {{ ref('reported_rows') }} as delivered
    left join {{ ref('indicator_catalogue') }} as catalogue
        on delivered.measure_id = catalogue.indicator_id and catalogue.measure_kind like 'reported_%'
    left join {{ ref('reported_scales') }} as scales on delivered.measure_id = scales.indicator_id
    left join {{ ref('reported_areas') }} as areas
        on
            {{ month_start('delivered.period_end') }} = areas.month
            and delivered.area_type = areas.area_type
            and upper(trim(delivered.area_code)) = upper(areas.area_code)
),

standing as (
    select *
    from described
    where removed_by is null
),

-- an area and itself, an area and what lies in it; England and regions hold all councils and trusts, of which the maps are not known here
pairs as (
    select
        whole_type,
        whole_code,
        part_type,
        part_code,
        true as is_another
    from {{ ref('reported_parts') }}
    union
    select distinct
        wholes.area_type as whole_type,
        wholes.area_code as whole_code,
        parts.area_type as part_type,
        parts.area_code as part_code,
        true as is_another
    from standing as wholes
    inner join standing as parts on wholes.measure_id = parts.measure_id
    where
        wholes.minimum_count > 0
        and (
            (wholes.area_type = 'england' and parts.area_type in ('region', 'council', 'trust', 'provider'))
            or (wholes.area_type = 'region' and parts.area_type in ('council', 'trust', 'provider'))
        )
    union
    select distinct
        area_type as whole_type,
        area_code as whole_code,
        area_type as part_type,
        area_code as part_code,
        false as is_another
    from standing
),

-- a longer period of an area and a shorter one of itself or of its part
longer as (
    select distinct
        wide.feed,
        wide.measure_id,
        wide.area_type,
        wide.area_code,
        wide.period_start,
        wide.period_end
    from standing as wide
    inner join pairs on wide.area_type = pairs.whole_type and wide.area_code = pairs.whole_code
    inner join standing as narrow
        on
            wide.measure_id = narrow.measure_id
            and pairs.part_type = narrow.area_type
            and pairs.part_code = narrow.area_code
            and {{ holds_period('wide', 'narrow') }}
    where wide.minimum_count > 0 or not pairs.is_another
),

-- a shorter period of an area and a longer one of its part, which stands
shorter as (
    select distinct
        narrow.feed,
        narrow.measure_id,
        narrow.area_type,
        narrow.area_code,
        narrow.period_start,
        narrow.period_end
    from standing as narrow
    inner join pairs on narrow.area_type = pairs.whole_type and narrow.area_code = pairs.whole_code and pairs.is_another
    inner join standing as wide
        on
            narrow.measure_id = wide.measure_id
            and pairs.part_type = wide.area_type
            and pairs.part_code = wide.area_code
            and {{ holds_period('wide', 'narrow') }}
    left join longer
        on
            wide.feed = longer.feed
            and wide.measure_id = longer.measure_id
            and wide.area_type = longer.area_type
            and wide.area_code = longer.area_code
            and wide.period_start = longer.period_start
            and wide.period_end = longer.period_end
    where narrow.minimum_count > 0 and longer.feed is null
),

compared as (
    select
        described.* exclude (removed_by),
        case
            when described.removed_by is not null then described.removed_by
            when longer.feed is not null then 'holds_another_period'
            when shorter.feed is not null then 'shorter_than_its_parts'
        end as removed_by
    from described
    {% for found in ['longer', 'shorter'] -%}
    left join {{ found }}
        on
            described.feed = {{ found }}.feed
            and described.measure_id = {{ found }}.measure_id
            and described.area_type = {{ found }}.area_type
            and described.area_code = {{ found }}.area_code
            and described.period_start = {{ found }}.period_start
            and described.period_end = {{ found }}.period_end
    {% endfor %}
),

ranked as (
    select
        *,
        row_number() over (
            partition by measure_id, area_type, area_code, month, removed_by is null
            order by period_end desc, period_start desc, feed
        ) as place_in_month
    from compared
)

select
    ranked.* exclude (removed_by, is_known, place_in_month),
    case
        when not ranked.is_known and ranked.feed <> 'reported_measures' and months.month is not null then 'another_place'
        when ranked.removed_by is not null then ranked.removed_by
        when ranked.place_in_month > 1 then 'another_in_the_month'
        when months.month is null then 'outside_the_months'
        when not ranked.is_known then 'unknown_area'
    end as removed_by
from ranked
left join {{ ref('months') }} as months on ranked.month = months.month
