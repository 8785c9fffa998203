-- The areas of the indicator marts: teams, networks, partnerships and the ICB, with their parents.
with named_teams as (
    select *
    from {{ ref('teams') }}
    where not is_special
)

select
    'int' as area_type,
    int_code as area_code,
    int_name as area_name,
    pcn_code,
    hcp_code,
    build.icb_code,
    teams.valid_from,
    teams.valid_to,
    teams.go_live_month,
    teams.is_current
from named_teams as teams
cross join {{ ref('stg_plan__build') }} as build
union all
select
    'pcn' as area_type,
    teams.pcn_code as area_code,
    min(teams.pcn_name) as area_name,
    teams.pcn_code,
    min(teams.hcp_code) as hcp_code,
    min(build.icb_code) as icb_code,
    min(teams.valid_from) as valid_from,
    case when count(*) = count(teams.valid_to) then max(teams.valid_to) end as valid_to,
    cast(null as date) as go_live_month,
    max(case when teams.is_current then 1 else 0 end) = 1 as is_current
from named_teams as teams
cross join {{ ref('stg_plan__build') }} as build
where teams.pcn_code is not null
group by teams.pcn_code
union all
select
    'hcp' as area_type,
    teams.hcp_code as area_code,
    min(teams.hcp_name) as area_name,
    cast(null as varchar(20)) as pcn_code,
    teams.hcp_code,
    min(build.icb_code) as icb_code,
    min(teams.valid_from) as valid_from,
    case when count(*) = count(teams.valid_to) then max(teams.valid_to) end as valid_to,
    cast(null as date) as go_live_month,
    max(case when teams.is_current then 1 else 0 end) = 1 as is_current
from named_teams as teams
cross join {{ ref('stg_plan__build') }} as build
where teams.hcp_code is not null
group by teams.hcp_code
union all
select
    'icb' as area_type,
    icb_code as area_code,
    icb_name as area_name,
    cast(null as varchar(20)) as pcn_code,
    cast(null as varchar(20)) as hcp_code,
    icb_code,
    cast(null as date) as valid_from,
    cast(null as date) as valid_to,
    cast(null as date) as go_live_month,
    true as is_current
from {{ ref('stg_plan__build') }}
