-- What single areas lack of an indicator and cohort: a sender that is missing makes the month incomplete, and every month that looks back
-- or waits for it (definitions E2, E4, E24); lists that do not say what is asked leave it unknown. A rate that is standardised by the
-- ICB's own rates stands on what the whole ICB has, in every area. Rows only where something is missing.
with

missing as (
    select distinct
        needs.indicator_cohort_key,
        gaps.boundary,
        gaps.area_type,
        gaps.area_code,
        months.month
    from {{ ref('area_missing_senders') }} as gaps
    inner join {{ ref('requirement_months') }} as found on gaps.feed = found.feed and gaps.month = found.month
    inner join {{ ref('status_groups') }} as groups on found.status_group = groups.status_group
    inner join {{ ref('indicator_needs') }} as needs
        on
            found.requirement = needs.requirement
            and not needs.is_standardisation
            and (gaps.property in ('rows', needs.property) or (gaps.property = 'person' and groups.is_by_person))
    -- the months whose figure reaches into the one that is missing; where members of a list are, any month may say
    inner join {{ ref('months') }} as months
        on
            needs.is_placement
            or (
                {{ months_between('gaps.month', 'months.month') }} <= greatest(needs.look_back_months, groups.reach_months)
                and (
                    gaps.month <= {{ add_days('months.month_end', 'needs.follow_up_days') }}
                    or {{ months_between('months.month', 'gaps.month') }} <= groups.reach_months
                )
            )
),

lists as (
    select
        needs.indicator_cohort_key,
        gaps.boundary,
        gaps.area_type,
        gaps.area_code,
        gaps.month,
        bool_or(not needs.is_standardisation) as is_unknown
    from {{ ref('area_list_gaps') }} as gaps
    inner join {{ ref('indicator_needs') }} as needs on needs.requirement = 'population' and gaps.property = needs.property
    group by all
),

gaps as (
    select
        *,
        cast(null as integer) as reason_rank,
        cast(null as integer) as standardised_reason_rank
    from missing
    union all by name
    select
        * exclude (is_unknown),
        case when is_unknown then {{ reason_rank('not_recorded') }} end as reason_rank,
        {{ reason_rank('not_recorded') }} as standardised_reason_rank
    from lists
),

icb_rates as (
    select
        gaps.indicator_cohort_key,
        gaps.boundary,
        gaps.month,
        min(coalesce(gaps.standardised_reason_rank, {{ reason_rank('not_delivered') }})) as standardised_reason_rank
    from gaps
    inner join {{ ref('indicator_cohorts') }} as cohorts
        on gaps.indicator_cohort_key = cohorts.indicator_cohort_key and cohorts.standardisation = 'indirect_icb'
    where gaps.area_type = 'icb'
    group by gaps.indicator_cohort_key, gaps.boundary, gaps.month
),

own_and_icb_wide as (
    select *
    from gaps
    union all by name
    select
        icb_rates.*,
        areas.area_type,
        areas.area_code,
        cast(null as integer) as reason_rank
    from icb_rates
    inner join (
        select distinct
            boundary,
            area_type,
            area_code
        from {{ ref('indicator_areas') }}
    ) as areas on icb_rates.boundary = areas.boundary
)

select
    gaps.indicator_cohort_key,
    areas.area_key,
    areas.month_number,
    periods.period,
    bool_or(gaps.reason_rank is null and gaps.standardised_reason_rank is null) as is_incomplete,
    min(gaps.reason_rank) as reason_rank,
    min(gaps.standardised_reason_rank) as standardised_reason_rank
from own_and_icb_wide as gaps
cross join (values ('month', 0), ('rolling_12_months', 11)) as periods (period, months_later)
inner join {{ ref('indicator_areas') }} as areas
    on
        gaps.boundary = areas.boundary
        and gaps.area_type = areas.area_type
        and gaps.area_code = areas.area_code
        and {{ months_between('gaps.month', 'areas.month') }} between 0 and periods.months_later
group by all
