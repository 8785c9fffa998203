{{ config(materialized='view') }}

-- Published counts without those of other sub-ICBs, which a national file holds too: out by the rule `other_sub_icb` (definitions E7).
-- A practice's counts say by its code whose it is, so they need no such rule.
select counts.*
from {{ ref('stg_gp_appointments_published__counts') }} as counts
left join {{ ref('stg_plan__sub_icb_codes') }} as own on counts.sub_icb_code = own.sub_icb_code
where counts.publication_level = 'practice' or own.sub_icb_code is not null
