select
    setting,
    setting_name,
    visit_type,
    visit_type_name
from {{ ref('visit_type_names') }}
union all
select
    'community_contact' as setting,
    'Community contacts' as setting_name,
    team_type as visit_type,
    team_type_name as visit_type_name
from {{ ref('community_team_types') }}
