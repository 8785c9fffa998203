-- What is known of each indicator and cohort in a month and in the 12 months that end with it, before what single areas lack: how settled
-- it is, and the worst reason (macro unknown_reasons) why it cannot be stated. 12 months are as good as the worst of them.
with

-- members of a list stand where their latest event, or else their first, puts them: one month of these feeds that nobody has moves some
placing_months as (
    select
        found.requirement,
        needs.property,
        found.month,
        said.property is not null as is_said
    from {{ ref('requirement_months') }} as found
    inner join (
        select distinct
            requirement,
            property
        from {{ ref('indicator_needs') }}
        where is_placement
    ) as needs on found.requirement = needs.requirement
    left join {{ ref('feed_month_properties') }} as said
        on found.feed = said.feed and found.month = said.month and needs.property = said.property
),

whole as (
    select
        requirement,
        property
    from placing_months
    where is_said
    group by requirement, property
    having count(*) = (select count(distinct month) from placing_months)
),

need_months as (
    select
        needs.indicator_cohort_key,
        months.month,
        needs.is_standardisation,
        coalesce(
            needs.follow_up_days > 0
            and (
                months.data_cut < {{ add_days('months.month_end', 'needs.follow_up_days') }}
                or least(found.months_ahead, said.months_ahead)
                < {{ months_between('months.month', add_days('months.month_end', 'needs.follow_up_days')) }}
            ), false
        ) as is_waiting,
        case
            when needs.is_placement then null
            when found.month is null then {{ reason_rank('not_delivered') }}
            when
                needs.property <> '' and needs.requirement <> 'population' and has_rows.feed is not null
                and (said.property is null or (needs.is_standardisation and not {{ is_said_nearby('said', 'found', 'found.reach_months') }}))
                then {{ reason_rank('not_recorded') }}
            -- the months that are looked back on must be there and say it too
            when least(found.months_behind, said.months_behind) < needs.look_back_months then {{ reason_rank('history_too_short') }}
            when is_waiting then {{ reason_rank('follow_up_not_over') }}
        end as reason_rank,
        case
            when needs.is_placement and whole.requirement is null then 'incomplete'
            when needs.is_placement then 'final'
            -- what the record of a stay in a month nearby does not say
            when not needs.is_standardisation and not {{ is_said_nearby('said', 'found', 'found.reach_months') }} then 'incomplete'
            -- small areas of people as another quarter's lists say them
            when needs.requirement = 'population' and needs.property = 'small_area' and own_quarters.month is null then 'incomplete'
            else found.period_status
        end as period_status,
        found.is_icb_only
    from {{ ref('indicator_needs') }} as needs
    cross join {{ ref('months') }} as months
    left join {{ ref('requirement_months') }} as found
        on needs.requirement = found.requirement and months.month = found.month
    left join whole on needs.requirement = whole.requirement and needs.property = whole.property
    left join {{ ref('feed_month_properties') }} as said
        on found.feed = said.feed and found.month = said.month and needs.property = said.property
    left join (
        select distinct
            feed,
            month
        from {{ ref('feed_cells') }}
    ) as has_rows on found.feed = has_rows.feed and found.month = has_rows.month
    left join (
        select distinct month
        from {{ ref('registered_population_imd') }}
        where is_own
    ) as own_quarters on months.month = own_quarters.month
),

monthly as (
    select
        indicator_cohort_key,
        month,
        {{ month_number('month') }} as month_number,
        min(reason_rank) filter (where not is_standardisation) as reason_rank,
        min(reason_rank) filter (where is_standardisation) as standardised_reason_rank,
        coalesce(bool_or(is_icb_only), false) as is_icb_only,
        bool_or(period_status is null or period_status = 'incomplete' or is_waiting) as is_incomplete,
        bool_and(period_status = 'final') as is_final
    from need_months
    group by indicator_cohort_key, month
),

both_periods as (
    select
        *,
        'month' as period
    from monthly
    union all by name
    select
        indicator_cohort_key,
        month,
        month_number,
        min(reason_rank) over last_12_months as reason_rank,
        min(standardised_reason_rank) over last_12_months as standardised_reason_rank,
        bool_or(is_icb_only) over last_12_months as is_icb_only,
        bool_or(is_incomplete) over last_12_months as is_incomplete,
        bool_and(is_final) over last_12_months as is_final,
        'rolling_12_months' as period
    from monthly
    window last_12_months as (
        partition by indicator_cohort_key order by month_number range between 11 preceding and current row
    )
)

select
    indicator_cohort_key,
    month,
    month_number,
    period,
    reason_rank,
    standardised_reason_rank,
    is_icb_only,
    case
        when is_incomplete then 'incomplete'
        when is_final then 'final'
        else 'provisional'
    end as period_status
from both_periods
