-- Spell ids of one person at one provider that name the same spell (definitions E5): an episode that carries a SUSSPELLID and a
-- PROVSPNOPS ties the two together, and what is tied is tied on, through as many episodes as it takes. `spell_id` is the smallest id of
-- what hangs together. Rows only where that is not the episode's own first id: a few in a thousand, so that episodes join a small table.
--
-- How it is done: each pair of ids starts with its own first id; a round gives every pair the smallest one found under its SUSSPELLID,
-- then under its PROVSPNOPS, so that the smallest id walks two links a round. Only pairs that share an id with another walk at all.
-- Twelve rounds reach through 24 changes of id; that no id is left in two spells is checked at every build (spells__one_spell_per_id).
{% set rounds = 12 -%}
with pairs as (
    select distinct
        person_id,
        provider_code,
        susspellid,
        provspnops,
        coalesce('S' || susspellid, 'P' || provspnops) as sus_node,
        coalesce('P' || provspnops, 'S' || susspellid) as first_id
    from {{ ref('stg_hes_apc__episodes') }}
    where
        person_id is not null
        and admission_date is not null
        and (susspellid is not null or provspnops is not null)
),

counted as (
    select
        *,
        count(*) over (partition by person_id, provider_code, sus_node) as pairs_of_sus_node,
        count(*) over (partition by person_id, provider_code, first_id) as pairs_of_first_id
    from pairs
),

round_0 as {{ computed_once() }} (
    select
        person_id,
        provider_code,
        susspellid,
        provspnops,
        sus_node,
        first_id,
        first_id as spell_id
    from counted
    where pairs_of_sus_node > 1 or pairs_of_first_id > 1
),

{% for number in range(1, rounds + 1) -%}
round_{{ number }} as {{ computed_once() }} (
    select
        person_id,
        provider_code,
        susspellid,
        provspnops,
        sus_node,
        first_id,
        min(smallest_of_sus) over (partition by person_id, provider_code, first_id) as spell_id
    from (
        select
            *,
            min(spell_id) over (partition by person_id, provider_code, sus_node) as smallest_of_sus
        from round_{{ number - 1 }}
    ) as by_sus
){{ ',' if not loop.last }}

{% endfor -%}
select
    person_id,
    provider_code,
    susspellid,
    provspnops,
    spell_id
from round_{{ rounds }}
where spell_id <> first_id
