-- Two sources side by side, never added (definitions C8).
with ers_actions as (
    select
        actions.*,
        row_number() over (
            partition by actions.ubrn_id
            order by
                actions.action_timestamp, actions.action_id, actions.action_code, actions.practice_code nulls last,
                actions.specialty_code nulls last, actions.priority_code nulls last, actions.person_id nulls last
        ) as action_number
    from {{ ref('stg_ers_referrals__actions') }} as actions
    left join {{ ref('ers_referral_actions') }} as referral_actions on actions.action_code = referral_actions.action_code
    where
        not actions.is_test_patient
        and not actions.is_advice_and_guidance
        -- an empty seed means that any action makes a referral
        and (
            referral_actions.action_code is not null
            or not exists (select 1 from {{ ref('ers_referral_actions') }})
        )
)

select
    'ers' as source,
    {{ month_start('ers_actions.action_date') }} as event_month,
    ers_actions.action_date as event_date,
    ers_actions.practice_code,
    ers_actions.person_id,
    ers_actions.sex,
    ers_actions.age_years,
    {{ age_band('ers_actions.age_years') }} as age_band,
    cast(null as integer) as imd_quintile,
    cast(null as varchar(20)) as provider_code,
    -- the list's code and name, never what the record says beside it: free text is no dimension (definitions E11)
    coalesce(functions.treatment_function_code, 'unknown') as specialty_code,
    functions.treatment_function_name as specialty_name,
    coalesce(lower(ers_actions.priority_code) in ('3', '2ww', 'two week wait'), false) as is_two_week_wait
from ers_actions
left join {{ ref('treatment_functions') }} as functions on ers_actions.specialty_code = functions.treatment_function_code
where ers_actions.action_number = 1
union all
select
    'hes_op_gp' as source,
    {{ month_start('appointments.request_date') }} as event_month,
    appointments.request_date as event_date,
    appointments.practice_code,
    appointments.person_id,
    appointments.sex,
    appointments.age_years,
    appointments.age_band,
    appointments.imd_quintile,
    appointments.provider_code,
    coalesce(functions.treatment_function_code, 'unknown') as specialty_code,
    functions.treatment_function_name as specialty_name,
    coalesce(appointments.priority = '3', false) as is_two_week_wait
from {{ ref('outpatient_appointments') }} as appointments
left join {{ ref('treatment_functions') }} as functions
    on appointments.treatment_function_code = functions.treatment_function_code
where
    appointments.is_first
    and appointments.is_attended
    and appointments.referral_source = '03'
    and appointments.request_date is not null
