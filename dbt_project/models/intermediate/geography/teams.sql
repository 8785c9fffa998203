-- Every team that a membership ever named, and the special codes, so that each `int_code` of a mart has its row.
with memberships as (
    select
        memberships.*,
        row_number() over (
            partition by memberships.int_code
            order by memberships.valid_to desc, memberships.valid_from desc, memberships.practice_code
        ) as newest_rank,
        min(memberships.valid_from) over (partition by memberships.int_code) as first_valid_from,
        max(memberships.valid_to) over (partition by memberships.int_code) as last_valid_to,
        min(memberships.go_live_month) over (partition by memberships.int_code) as first_go_live_month
    from {{ ref('stg_int_membership__memberships') }} as memberships
    where memberships.int_code is not null
),

practices as (
    select
        areas.int_code,
        count(*) as practices
    from {{ ref('practice_areas') }} as areas
    inner join {{ ref('stg_plan__build') }} as build on areas.month = {{ month_start('build.data_cut') }}
    where areas.boundary = 'marts' and areas.practice_code = areas.current_practice_code
    group by areas.int_code
)

select
    memberships.int_code,
    memberships.int_name,
    memberships.pcn_code,
    memberships.pcn_name,
    memberships.hcp_code,
    memberships.hcp_name,
    memberships.first_valid_from as valid_from,
    case when memberships.last_valid_to < cast('9999-12-31' as date) then memberships.last_valid_to end as valid_to,
    memberships.first_go_live_month as go_live_month,
    case
        when memberships.first_go_live_month <= build.data_cut
            then {{ months_between('memberships.first_go_live_month', 'build.data_cut') }}
    end as months_since_go_live,
    cast(coalesce(practices.practices, 0) as bigint) as practices,
    memberships.first_valid_from <= build.data_cut and memberships.last_valid_to > build.data_cut as is_current,
    false as is_special
from memberships
cross join {{ ref('stg_plan__build') }} as build
left join practices on memberships.int_code = practices.int_code
where memberships.newest_rank = 1
{% for code, name in [
    ('UNATTRIBUTED', 'No usable practice on the record'), ('OUT_OF_AREA', 'Practice of another ICB'),
    ('NO_INT', 'Practice of the ICB without a team'), ('ICB_ONLY', 'Published for the ICB only'),
] -%}
union all
select
    '{{ code }}' as int_code,
    '{{ name }}' as int_name,
    cast(null as varchar(20)) as pcn_code,
    cast(null as varchar(20)) as pcn_name,
    cast(null as varchar(20)) as hcp_code,
    cast(null as varchar(20)) as hcp_name,
    cast(null as date) as valid_from,
    cast(null as date) as valid_to,
    cast(null as date) as go_live_month,
    cast(null as integer) as months_since_go_live,
    cast(coalesce(max(practices), 0) as bigint) as practices,
    true as is_current,
    true as is_special
from practices
where int_code = '{{ code }}'
{% endfor %}
