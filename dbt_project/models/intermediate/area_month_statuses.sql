-- The status of each area's month, per group of measures: that of the feed's month, and incomplete where one of its practices is missing.
with areas as (
    select distinct
        boundary,
        month,
        int_code
    from {{ ref('practice_areas') }}
),

all_areas as (
    select *
    from areas
    union all
    {% for code in special_area_codes() if code != 'NO_INT' -%}
    select distinct
        boundary,
        month,
        '{{ code }}' as int_code
    from areas
    {{ 'union all' if not loop.last }}
    {% endfor %}
    union all
    select distinct
        boundary,
        month,
        'NO_INT' as int_code
    from areas as others
    where not exists (
        select 1
        from areas as own
        where own.boundary = others.boundary and own.month = others.month and own.int_code = 'NO_INT'
    )
),

missing_practices as (
    select distinct
        practice_areas.boundary,
        practice_areas.month,
        practice_areas.int_code,
        expected.feed
    from {{ ref('stg_plan__expected_providers') }} as expected
    inner join {{ ref('practice_areas') }} as practice_areas
        on expected.provider_code = practice_areas.practice_code and expected.coverage_month = practice_areas.month
    where not expected.is_received
)

select
    all_areas.boundary,
    all_areas.month,
    all_areas.int_code,
    statuses.status_group,
    case
        when missing_practices.int_code is not null then 'incomplete'
        else statuses.period_status
    end as period_status
from all_areas
inner join {{ ref('feed_month_statuses') }} as statuses on all_areas.month = statuses.month
left join missing_practices
    on
        all_areas.boundary = missing_practices.boundary
        and all_areas.month = missing_practices.month
        and all_areas.int_code = missing_practices.int_code
        and statuses.feed = missing_practices.feed
