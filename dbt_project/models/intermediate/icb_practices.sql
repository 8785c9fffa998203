-- The ICB's practices: those in int_membership, those with one of its sub-ICB locations as parent in ODS, and the
-- predecessors of both, since an event on a closed practice's code follows it to its successor (definitions C1).
with own_practices as (
    select practice_code
    from {{ ref('stg_int_membership__memberships') }}
    union
    select practices.practice_code
    from {{ ref('stg_ods_practices__practices') }} as practices
    inner join {{ ref('stg_plan__sub_icb_codes') }} as sub_icbs on practices.sub_icb_code = sub_icbs.sub_icb_code
)

{% for hop in range(1, succession_hops() + 1) -%}
, predecessors_{{ hop }} as (
    select distinct successions.predecessor_code as practice_code
    from {{ ref('stg_ods_succession__successions') }} as successions
    inner join {{ 'own_practices' if hop == 1 else 'predecessors_' ~ (hop - 1) }} as later
        on successions.successor_code = later.practice_code
)

{% endfor -%}
select practice_code
from own_practices
{%- for hop in range(1, succession_hops() + 1) %}
union
select practice_code
from predecessors_{{ hop }}
{%- endfor %}
