-- What is delivered and yet not counted, by named rule and month: every event is either in a mart or in here (definitions C14).
with first_month as (
    select min(month) as month
    from {{ ref('months') }}
),

removed as (
    select
        records.feed,
        'ae_duplicate_within_60_minutes' as rule,
        records.arrival_date as removed_date
    from {{ ref('ae_attendance_records') }} as records
    inner join {{ ref('ae_duplicates') }} as duplicates
        on records.feed = duplicates.feed and records.attendance_key = duplicates.attendance_key
    union all
    select
        feed,
        'ae_planned_attendance' as rule,
        arrival_date as removed_date
    from {{ ref('ae_attendance_records') }}
    where not is_visit
    union all
    select
        'ecds' as feed,
        'ae_other_feed_stands' as rule,
        arrival_date as removed_date
    from {{ ref('stg_ecds__attendances') }}
    where arrival_date < {{ first_day_of_ecds() }}
    union all
    select
        'hes_ae' as feed,
        'ae_other_feed_stands' as rule,
        arrival_date as removed_date
    from {{ ref('stg_hes_ae__attendances') }}
    where arrival_date >= {{ first_day_of_ecds() }}
    union all
    select
        'hes_op' as feed,
        'outpatient_clock_stop' as rule,
        appointment_date as removed_date
    from {{ ref('stg_hes_op__appointments') }}
    where first_attendance = '5'
    union all
    select
        'hes_op' as feed,
        'referral_date_unknown' as rule,
        event_date as removed_date
    from {{ ref('outpatient_appointments') }}
    where is_first and is_attended and referral_source = '03' and request_date is null
    union all
    select
        'hes_apc' as feed,
        'admission_date_missing' as rule,
        episode_end_date as removed_date
    from {{ ref('stg_hes_apc__episodes') }}
    where admission_date is null
    union all
    select
        'ers_referrals' as feed,
        case when is_test_patient then 'referral_test_patient' else 'referral_advice_and_guidance' end as rule,
        action_date as removed_date
    from {{ ref('stg_ers_referrals__actions') }}
    where is_test_patient or is_advice_and_guidance
    union all
    select
        'gp_appointments_published' as feed,
        'other_sub_icb' as rule,
        counts.appointment_month as removed_date
    from {{ ref('stg_gp_appointments_published__counts') }} as counts
    left join {{ ref('stg_plan__sub_icb_codes') }} as own on counts.sub_icb_code = own.sub_icb_code
    where counts.publication_level <> 'practice' and own.sub_icb_code is null
    union all
    select
        'contract_activity' as feed,
        'contract_older_data_set' as rule,
        month as removed_date
    from {{ ref('contract_submissions') }}
    where not is_newest
    union all
    -- a month that the feed does not cover says nothing: its few rows are in no figure (definitions E2)
    {% for relation, group in [
        ('outpatient_appointments', 'outpatients'), ('admissions', 'admissions'), ('community_contact_events', 'community'),
    ] -%}
    select
        groups.feed,
        'stray_month' as rule,
        events.event_date as removed_date
    from {{ ref(relation) }} as events
    inner join {{ ref('months') }} as months on events.event_month = months.month
    inner join {{ ref('status_groups') }} as groups on groups.status_group = '{{ group }}'
    left join {{ ref('feed_month_statuses') }} as covered
        on groups.status_group = covered.status_group and events.event_month = covered.month
    where covered.month is null
    union all
    {% endfor -%}
    select
        attendances.feed,
        'stray_month' as rule,
        attendances.event_date as removed_date
    from {{ ref('ae_attendances') }} as attendances
    inner join {{ ref('months') }} as months on attendances.event_month = months.month
    left join {{ ref('feed_month_statuses') }} as covered
        on attendances.feed = covered.feed and attendances.event_month = covered.month
    where covered.month is null
    union all
    select
        case referrals.source when 'ers' then 'ers_referrals' else 'hes_op' end as feed,
        'stray_month' as rule,
        referrals.event_date as removed_date
    from {{ ref('referral_events') }} as referrals
    inner join {{ ref('months') }} as months on referrals.event_month = months.month
    left join {{ ref('feed_month_statuses') }} as covered
        on
            referrals.event_month = covered.month
            and covered.status_group = case referrals.source when 'ers' then 'referrals_ers' else 'referrals_hes_op' end
    where covered.month is null
    union all
    {% for relation, feed in [
        ('outpatient_appointments', 'hes_op'), ('admissions', 'hes_apc'), ('community_contact_events', 'community_contacts'),
    ] -%}
    select
        '{{ feed }}' as feed,
        'before_first_month' as rule,
        events.event_date as removed_date
    from {{ ref(relation) }} as events
    cross join first_month
    where events.event_month < first_month.month
    union all
    {% endfor -%}
    select
        case referrals.source when 'ers' then 'ers_referrals' else 'hes_op' end as feed,
        'referral_before_first_month' as rule,
        referrals.event_date as removed_date
    from {{ ref('referral_events') }} as referrals
    cross join first_month
    where referrals.event_month < first_month.month
    union all
    select
        attendances.feed,
        'before_first_month' as rule,
        attendances.event_date as removed_date
    from {{ ref('ae_attendances') }} as attendances
    cross join first_month
    where attendances.event_month < first_month.month
)

select
    feed,
    rule,
    {{ month_start('removed_date') }} as event_month,
    cast(count(*) as bigint) as rows_removed
from removed
group by feed, rule, {{ month_start('removed_date') }}
union all
-- from the cells, so that the biggest feed is not read again
select
    'gp_appointments' as feed,
    'before_first_month' as rule,
    cells.month as event_month,
    cast(sum(cells.visits + cells.not_attended + cells.status_unknown) as bigint) as rows_removed
from {{ ref('visit_cells') }} as cells
cross join first_month
where cells.source = 'gp_appointments' and cells.month < first_month.month
group by cells.month
union all
select
    feed,
    'stray_month' as rule,
    month as event_month,
    rows_live as rows_removed
from {{ ref('feed_months') }}
where feed = 'gp_appointments' and not is_covered
