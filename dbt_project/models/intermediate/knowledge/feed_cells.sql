-- What each feed's records of a month say, by practice and provider: rows, and how many of them say each property (macro
-- feed_properties); of published counts, what their rows count. One pass over every feed; all that is known or not is worked out from these few rows.
{% set relations = {
    'gp_appointments': ('stg_gp_appointments__appointments', 'appointment_month', none),
    'gp_appointments_published': ('own_published_appointments', 'appointment_month', none),
    'online_consultations': ('stg_online_consultations__submissions', 'month', none),
    'ecds': ('stg_ecds__attendances', month_start('arrival_date'), 'provider_code'),
    'hes_ae': ('stg_hes_ae__attendances', month_start('arrival_date'), 'provider_code'),
    'hes_op': ('stg_hes_op__appointments', month_start('appointment_date'), 'provider_code'),
    'hes_apc': ('stg_hes_apc__episodes', month_start('episode_end_date'), 'provider_code'),
    'ers_referrals': ('stg_ers_referrals__actions', month_start('action_date'), none),
    'contract_activity': ('stg_contract_activity__lines', 'month', 'provider_code'),
    'community_contacts': ('stg_community_contacts__contacts', month_start('contact_date'), 'provider_code'),
    'deaths': ('stg_deaths__deaths', month_start('death_date'), none),
} -%}
{% set said_by_lists = {
    'age': 'people.with_age',
    'sex': 'people.with_sex',
    'small_area': 'coalesce(areas.with_small_area, 0)',
} -%}
{% for feed, properties in feed_properties().items() -%}
{% set relation, month, provider = relations[feed] -%}
{% set counted = {'gp_appointments_published': 'appointments', 'online_consultations': 'submissions'}.get(feed, '1') -%}
select
    '{{ feed }}' as feed,
    {{ month }} as month,
    practice_code,
    {{ provider if provider else 'cast(null as varchar(20))' }} as provider_code,
    cast(coalesce(sum({{ counted }}), 0) as bigint) as rows_sent
    {% for property in all_properties() -%}
    , cast({{ 'coalesce(sum(' ~ counted ~ ') filter (where ' ~ properties[property] ~ '), 0)' if property in properties else '0' }} as bigint) as says_{{ property }}
    {% endfor -%}
from {{ ref(relation) }} as records
{% if 'small_area' in properties -%}
left join {{ ref('lsoa_fifths') }} as deprivation on records.lsoa_code = deprivation.lsoa_code
{% endif -%}
where {{ month }} is not null
group by {{ month }}, practice_code{{ ', provider_code' if provider }}
union all
{% endfor -%}
-- the people of the lists, of the month for which a list stands
select
    'gp_registrations' as feed,
    people.month,
    people.practice_code,
    cast(null as varchar(20)) as provider_code,
    cast(people.registered_population as bigint) as rows_sent
    {% for property in all_properties() -%}
    , cast({{ said_by_lists.get(property, '0') }} as bigint) as says_{{ property }}
    {% endfor -%}
from (
    select
        month,
        practice_code,
        sum(registered_population) as registered_population,
        sum(case when age_band <> 'unknown' then registered_population else 0 end) as with_age,
        sum(case when sex <> 'unknown' then registered_population else 0 end) as with_sex
    from {{ ref('registered_population') }}
    group by month, practice_code
) as people
left join (
    select
        month,
        practice_code,
        sum(case when imd_quintile is not null then registered_population else 0 end) as with_small_area
    from {{ ref('registered_population_imd') }}
    group by month, practice_code
) as areas on people.month = areas.month and people.practice_code = areas.practice_code
