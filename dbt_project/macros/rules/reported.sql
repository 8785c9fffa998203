{# Kinds of area a reported value may be of: a practice is summed to its team, a team to its partnership; `context` ones lie above the
   teams and are never a team's figure (definitions E23). #}
{% macro context_area_types() -%}
    {{ return(['council', 'trust', 'provider', 'region', 'england']) }}
{%- endmacro %}

{# Which of these an organisation of NHS England's tables is; null of the others. #}
{% macro nhs_area_type(level) -%}
    case upper({{ level }})
        when 'NATIONAL' then 'england'
        when 'REGION' then 'region'
        when 'ICB' then 'icb'
        when 'PROVIDER' then 'trust'
    end
{%- endmacro %}

{# Withheld is an area below the minimum and, of those beside it whose sum is shown, the next smallest until two areas and that many replies
   are hidden together: `ahead` are those that are hidden before it. #}
{% macro is_withheld() -%}
    is_small = 1 or (small_ones > 0 and not (areas_ahead >= 2 and replies_ahead >= minimum_count))
{%- endmacro %}

{# What a proportion or rate does not have: the columns of surveys and means, in the order of reported rows. #}
{% macro no_answers() -%}
cast(null as bigint) as replies,
    cast(null as decimal(28, 6)) as value_sum,
    cast(null as decimal(28, 6)) as value_sum_of_squares,
    cast(null as bigint) as promoters,
    cast(null as bigint) as detractors,
    cast(null as bigint) as invited
{%- endmacro %}

{# Why a delivered row is not used, or null. A sum of squares that is smaller than the sum allows (Cauchy and Schwarz), more promoters and
   detractors than answers, a mean outside its scale, squares that lie further apart than it or more answers than people who were asked cannot
   have been measured. #}
{% macro reported_removed_by(row, catalogue, scales) -%}
    case
        when {{ catalogue }}.indicator_id is null then 'unknown_measure'
        when {{ row }}.area_type not in ('practice', 'int', 'pcn', 'hcp', 'icb', '{{ context_area_types() | join("', '") }}')
            then 'unknown_area_type'
        when {{ row }}.area_type in ('{{ context_area_types() | join("', '") }}') and not {{ matches(row ~ '.area_code', '[A-Z0-9]{2,12}') }}
            then 'unknown_area'
        when {{ catalogue }}.measure_kind in ('reported_proportion', 'reported_rate')
            and ({{ row }}.numerator is null or {{ row }}.denominator is null) then 'nothing_reported'
        when {{ catalogue }}.measure_kind = 'reported_mean'
            and ({{ row }}.replies is null or {{ row }}.value_sum is null or {{ row }}.value_sum_of_squares is null)
            then 'nothing_reported'
        when {{ catalogue }}.measure_kind = 'reported_net_promoter'
            and ({{ row }}.replies is null or {{ row }}.promoters is null or {{ row }}.detractors is null)
            then 'nothing_reported'
        when {{ catalogue }}.measure_kind = 'reported_proportion' and {{ row }}.numerator > {{ row }}.denominator then 'impossible_value'
        when {{ catalogue }}.measure_kind = 'reported_net_promoter'
            and {{ row }}.promoters + {{ row }}.detractors > {{ row }}.replies then 'impossible_value'
        when coalesce({{ row }}.replies, {{ row }}.denominator) > {{ row }}.invited then 'impossible_value'
        when {{ catalogue }}.measure_kind = 'reported_mean' and (
            cast({{ row }}.value_sum_of_squares as double) * {{ row }}.replies
            < power(cast({{ row }}.value_sum as double), 2) * (1 - 1e-9)
            or {{ row }}.value_sum < {{ scales }}.lowest_value * {{ row }}.replies
            or {{ row }}.value_sum > {{ scales }}.highest_value * {{ row }}.replies
            -- (value - lowest) × (highest - value) is never below nothing
            or cast({{ row }}.value_sum_of_squares as double)
            > (
                cast({{ scales }}.lowest_value + {{ scales }}.highest_value as double) * cast({{ row }}.value_sum as double)
                - cast({{ scales }}.lowest_value * {{ scales }}.highest_value as double) * {{ row }}.replies
            ) * (1 + 1e-9) + 1e-9
            or ({{ row }}.replies = 0 and {{ row }}.value_sum <> 0)
        ) then 'impossible_value'
    end
{%- endmacro %}

{# The feeds whose rows end in reported measures, and the models that have them in one shape. #}
{% macro reported_sources() -%}
    {{ return({
        'reported_measures': 'stg_reported_measures__values',
        'qof_prevalence': 'stg_qof_prevalence__registers',
        'gp_patient_survey': 'stg_gp_patient_survey__answers',
        'dementia_diagnoses': 'stg_dementia_diagnoses__rates',
        'gp_workforce': 'gp_workforce_rows',
        'homelessness_duty': 'stg_homelessness_duty__councils',
        'acute_discharge': 'stg_acute_discharge__days',
        'community_services': 'stg_community_services__months',
        'virtual_ward_capacity': 'stg_virtual_ward_capacity__months',
        'ambulance_quality': 'stg_ambulance_quality__months',
        'community_waits': 'stg_community_waits__months',
        'adult_social_care': 'stg_adult_social_care__councils',
    }) }}
{%- endmacro %}
