-- The ICB's practices: those in int_membership, those with one of its sub-ICB locations as parent in ODS, and the
-- predecessors of both, since an event on a closed practice's code follows it to its successor (definitions C1).
-- ODS keeps the parent that a practice closed under, which may be a predecessor of the present location (a CCG, for example);
-- the payments file names the present one, so that the ICB's total is the publisher's own.
with own_practices as (
    select practice_code
    from {{ ref('stg_int_membership__memberships') }}
    union
    select practices.practice_code
    from {{ ref('stg_ods_practices__practices') }} as practices
    inner join {{ ref('stg_plan__sub_icb_codes') }} as sub_icbs on practices.sub_icb_code = sub_icbs.sub_icb_code
    union
    select payments.practice_code
    from {{ ref('stg_gp_payments__payments') }} as payments
    inner join {{ ref('stg_plan__sub_icb_codes') }} as sub_icbs on payments.sub_icb_code = sub_icbs.sub_icb_code
    where payments.practice_code is not null
)

{% for hop in range(1, succession_hops() + 1) -%}
, predecessors_{{ hop }} as (
    select distinct successions.predecessor_code as practice_code
    from {{ ref('stg_ods_succession__successions') }} as successions
    inner join {{ 'own_practices' if hop == 1 else 'predecessors_' ~ (hop - 1) }} as later
        on successions.successor_code = later.practice_code
)

{% endfor -%}
, predecessors as (
    {% for hop in range(1, succession_hops() + 1) -%}
    select practice_code
    from predecessors_{{ hop }}
    {{ 'union' if not loop.last }}
    {% endfor -%}
)

select
    practice_code,
    true as is_own
from own_practices
union all
select
    predecessors.practice_code,
    false as is_own
from predecessors
left join own_practices on predecessors.practice_code = own_practices.practice_code
where own_practices.practice_code is null
