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

{# Whether the period of one row holds that of another and is longer. #}
{% macro holds_period(wide, narrow) -%}
{{ wide }}.period_start <= {{ narrow }}.period_start
            and {{ wide }}.period_end >= {{ narrow }}.period_end
            and ({{ wide }}.period_start < {{ narrow }}.period_start or {{ wide }}.period_end > {{ narrow }}.period_end)
{%- endmacro %}

{# Parts of an area as one: `is_complete` is the reader's own. `sums` are the names of what adds up. #}
{% macro parts_summed(sums) -%}
min(period_start) as period_start,
            max(period_end) as period_end,
            coalesce(
                bool_and(is_one_period) and min(period_start) = max(period_start) and min(period_end) = max(period_end), true
            ) as is_one_period,
            bool_or(is_delivered) as is_delivered,
            bool_or(is_less_than_its_parts) as is_less_than_its_parts
            {%- for name in sums %},
            cast(sum({{ name }}) as decimal(28, 6)) as {{ name }}
            {%- endfor %}
{%- endmacro %}

{# What an area reports itself (`own`), else its `parts` together. Fewer people or events than its parts have together, over the same
   period, is no whole. #}
{% macro own_or_parts(sums) -%}
coalesce(own.period_start, parts.period_start) as period_start,
        coalesce(own.period_end, parts.period_end) as period_end,
        own.measure_id is not null or coalesce(parts.is_one_period, true) as is_one_period,
        own.measure_id is not null or coalesce(parts.is_complete, false) as is_complete,
        own.measure_id is not null or coalesce(parts.is_delivered, false) as is_delivered,
        case
            when own.measure_id is null then coalesce(parts.is_less_than_its_parts, false)
            else coalesce(
                parts.is_one_period and own.period_start = parts.period_start and own.period_end = parts.period_end
                and (
                    own.denominator < parts.denominator
                    or (own.measure_kind in ('reported_proportion', 'reported_rate') and own.numerator < parts.numerator)
                ),
                false
            )
        end as is_less_than_its_parts
        {%- for name in sums %},
        case when own.measure_id is not null then own.{{ name }} else parts.{{ name }} end as {{ name }}
        {%- endfor %}
{%- endmacro %}

{# The one value of the rows of a group that a condition picks; null where they do not agree. #}
{% macro agreed(value, condition) -%}
case
        when min({{ value }}) filter (where {{ condition }}) = max({{ value }}) filter (where {{ condition }})
            then max({{ value }}) filter (where {{ condition }})
    end
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
        when {{ row }}.area_type in ('{{ context_area_types() | join("', '") }}') and not case {{ row }}.area_type
            when 'council' then {{ matches(row ~ '.area_code', 'E(06|07|08|09|10)[0-9]{6}') }}
            when 'region' then {{ matches(row ~ '.area_code', 'E12[0-9]{6}|Y[0-9]{2}') }}
            when 'england' then {{ row }}.area_code in ('ENG', 'E92000001')
            else {{ matches(row ~ '.area_code', '[A-Z0-9]{3,6}') }}
        end then 'unknown_area'
        when {{ row }}.area_type = 'pcn' and {{ catalogue }}.minimum_count > 0 then 'not_shown_for_networks'
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
        when least({{ row }}.numerator, {{ row }}.denominator) < 0 then 'impossible_value'
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
