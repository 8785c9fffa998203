-- Two-hour response: each referral to urgent community response counts once, by its first contact.
{% set measures = {
    'community_contacts': "is_attended",
    'community_urgent_referrals': "is_first_urgent_response",
    'community_two_hour_response_pct': "is_first_urgent_response and contact_timestamp <= referral_timestamp + interval 2 hours",
} -%}
{% do measures.update(community_visit_measures('is_attended')) -%}

{{ additive_measures(
    events="(
        select
            *,
            cast(null as integer) as imd_quintile,
            is_attended
            and referral_timestamp is not null
            and contact_timestamp >= referral_timestamp
            and team_type in ('urgent_community_response', 'ucr', '59')
            and row_number() over (
                partition by person_id, team_type, referral_timestamp, case when is_attended then 1 else 0 end
                order by contact_timestamp, event_date, practice_code, provider_code
            ) = 1 as is_first_urgent_response
        from " ~ ref('community_contact_events') ~ "
    )",
    measures=measures
) }}
