-- Which councils and trusts surround a team: those in which at least a tenth of its people live, and which send at least a tenth of the rows
-- of admitted care or of community contacts of its practices in the 12 newest months; and the regions and the ambulance service of the ICB. What surrounds a team is context for it, never its own figure (definitions E23).
{% set least_share_pct = 10 -%}
with practices as (
    select
        practice_code,
        int_code
    from {{ ref('practice_areas') }}
    where boundary = 'marts' and month = (select max(newest.month) from {{ ref('months') }} as newest)
),

-- a file may come with a row for all sexes or one per sex, never to be added together
lists as (
    select
        *,
        max(case when sex in ('male', 'female') then 1 else 0 end) over (partition by practice_code) as has_sexes
    from {{ ref('stg_gp_registrations_lsoa__patients') }}
    where list_month = (select max(newest.list_month) from {{ ref('stg_gp_registrations_lsoa__patients') }} as newest)
),

people as (
    select
        practices.int_code,
        deprivation.council_code,
        districts.county_code,
        sum(lists.patients) as amount
    from lists
    inner join practices on lists.practice_code = practices.practice_code
    inner join {{ ref('stg_lsoa_deprivation__lsoas') }} as deprivation on lists.lsoa_code = deprivation.lsoa_code
    left join {{ ref('council_districts') }} as districts on deprivation.council_code = districts.district_code
    where deprivation.council_code is not null and (lists.has_sexes = 0 or lists.sex <> 'all')
    group by practices.int_code, deprivation.council_code, districts.county_code
),

rows_sent as (
    select
        practices.int_code,
        cells.feed,
        cells.provider_code,
        sum(cells.rows_sent) as amount
    from {{ ref('feed_cells') }} as cells
    inner join practices on cells.practice_code = practices.practice_code
    where
        cells.feed in ('hes_apc', 'community_contacts') and cells.provider_code is not null
        and cells.month > (select {{ add_months('max(newest.month)', -12) }} from {{ ref('months') }} as newest)
    group by practices.int_code, cells.feed, cells.provider_code
),

areas as (
    select
        int_code,
        'council' as area_type,
        'gp_registrations_lsoa' as feed,
        council_code as area_code,
        amount
    from people
    union all
    select
        int_code,
        'council' as area_type,
        'gp_registrations_lsoa' as feed,
        county_code as area_code,
        amount
    from people
    where county_code is not null
    union all
    select
        int_code,
        'trust' as area_type,
        feed,
        left(provider_code, 3) as area_code,
        amount
    from rows_sent
),

totals as (
    select
        int_code,
        'gp_registrations_lsoa' as feed,
        sum(amount) as amount
    from people
    group by int_code
    union all
    select
        int_code,
        feed,
        sum(amount) as amount
    from rows_sent
    group by int_code, feed
),

shares as (
    select
        areas.int_code,
        areas.area_type,
        areas.area_code,
        cast(100.0 * sum(areas.amount) / max(totals.amount) as double) as share_pct
    from areas
    inner join totals on areas.int_code = totals.int_code and areas.feed = totals.feed
    where totals.amount > 0
    group by areas.int_code, areas.area_type, areas.feed, areas.area_code
)

select
    shares.int_code,
    shares.area_type,
    shares.area_code,
    max(shares.share_pct) as share_pct
from shares
inner join {{ ref('teams') }} as teams on shares.int_code = teams.int_code
where shares.share_pct >= {{ least_share_pct }}
group by shares.int_code, shares.area_type, shares.area_code
union all
select
    teams.int_code,
    surroundings.area_type,
    surroundings.area_code,
    cast(100 as double) as share_pct
from {{ ref('teams') }} as teams
cross join {{ ref('icb_surroundings') }} as surroundings
where not exists (
    select 1
    from shares as others
    where
        others.int_code = teams.int_code and others.area_type = surroundings.area_type and others.area_code = surroundings.area_code
        and others.share_pct >= {{ least_share_pct }}
)
