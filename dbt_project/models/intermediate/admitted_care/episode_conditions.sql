-- A condition holds for an episode when a triggering code stands in the rule's position, what must be there is there and what must
-- not be there is not. A condition may have several rules: one that holds is enough.
with triggered as (
    select
        rules.condition_id,
        rules.rule_number,
        rules.required_list_id,
        rules.forbidden_list_id,
        rules.second_forbidden_list_id,
        found.epikey
    from {{ ref('condition_rules') }} as rules
    inner join {{ ref('episode_code_lists') }} as found
        on
            rules.trigger_list_id = found.list_id
            and (rules.trigger_position = 'any' or found.is_primary)
)

select distinct
    triggered.epikey,
    triggered.condition_id
from triggered
left join {{ ref('episode_code_lists') }} as required
    on triggered.epikey = required.epikey and triggered.required_list_id = required.list_id and required.is_secondary
left join {{ ref('episode_code_lists') }} as forbidden
    on triggered.epikey = forbidden.epikey and triggered.forbidden_list_id = forbidden.list_id and forbidden.is_secondary
left join {{ ref('episode_code_lists') }} as second_forbidden
    on
        triggered.epikey = second_forbidden.epikey
        and triggered.second_forbidden_list_id = second_forbidden.list_id
        and second_forbidden.is_secondary
where
    (triggered.required_list_id is null or required.epikey is not null)
    and forbidden.epikey is null
    and second_forbidden.epikey is null
