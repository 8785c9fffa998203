{# Ages and their groups. Whole years at the event; null (unknown) stays apart. #}

{% macro age_band(age_expression) -%}
    case
        when {{ age_expression }} is null or {{ age_expression }} < 0 then 'unknown'
        {% for start in range(0, 90, 5) -%}
        when {{ age_expression }} < {{ start + 5 }} then '{{ start }}_{{ start + 4 }}'
        {% endfor -%}
        else '90_plus'
    end
{%- endmacro %}

{# The groups of the admissions mart. #}
{% macro age_group(age_expression) -%}
    case
        when {{ age_expression }} is null or {{ age_expression }} < 0 then 'unknown'
        when {{ age_expression }} < 20 then '0_19'
        when {{ age_expression }} < 65 then '20_64'
        when {{ age_expression }} < 75 then '65_74'
        when {{ age_expression }} < 85 then '75_84'
        else '85_plus'
    end
{%- endmacro %}

{# The same groups from a five-year band, for populations. #}
{% macro age_group_of_band(age_band_expression) -%}
    case
        when {{ age_band_expression }} in ('0_4', '5_9', '10_14', '15_19') then '0_19'
        when {{ age_band_expression }} in ('65_69', '70_74') then '65_74'
        when {{ age_band_expression }} in ('75_79', '80_84') then '75_84'
        when {{ age_band_expression }} in ('85_89', '90_plus') then '85_plus'
        when {{ age_band_expression }} = 'unknown' then 'unknown'
        else '20_64'
    end
{%- endmacro %}

{# Deciles 1-2 are quintile 1, the most deprived. #}
{% macro imd_quintile(decile_expression) -%}
    cast(floor(({{ decile_expression }} + 1) / 2.0) as integer)
{%- endmacro %}
