{{ config(meta={
    'gate': 'block',
    'owner': 'ICB intelligence team',
    'relation': 'intermediate.episodes',
    'what_to_do': 'Episodes that share a spell id came out as two spells. A fault of the models (see spell_id_links); tell the data engineer.',
}) }}

-- A SUSSPELLID, like a PROVSPNOPS, of one person at one provider is in one spell (definitions E5).
{% for column in ['susspellid', 'provspnops'] -%}
select
    '{{ column }}' as id_kind,
    count(*) as ids_in_two_spells
from (
    select delivered.{{ column }}
    from {{ ref('stg_hes_apc__episodes') }} as delivered
    inner join {{ ref('episodes') }} as episodes on delivered.epikey = episodes.epikey
    where delivered.person_id is not null and delivered.{{ column }} is not null
    group by delivered.person_id, delivered.provider_code, delivered.{{ column }}
    having min(episodes.spell_key) <> max(episodes.spell_key)
) as split_ids
having count(*) > 0
{{ 'union all' if not loop.last }}
{% endfor %}
