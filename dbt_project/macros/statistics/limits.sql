{# 95 % limits of crude rates and proportions (definitions C10), as doubles; null where the numerator or the base is missing or not positive.
   Worked cases: definitions D, checked in tests/dbt and in the unit tests of the count marts. #}

{% macro z_95() -%}
    {{ return('1.959963984540054') }}
{%- endmacro %}

{% macro z_99_8() -%}
    {{ return('3.090232306167813') }}
{%- endmacro %}

{# Exact Poisson limits of a count below 10, chi2.ppf(0.025, 2x) / 2 and chi2.ppf(0.975, 2x + 2) / 2 of scipy 1.14, compared with scipy by a test. #}
{% macro exact_poisson_lower_95() -%}
    {{ return([
        '0.0', '0.025317807984289876', '0.24220927854396496', '0.6186721228956014', '1.0898653736263249',
        '1.6234863901184207', '2.2018942534908508', '2.8143630515198654', '3.4538321767485014', '4.115373097378334',
    ]) }}
{%- endmacro %}

{% macro exact_poisson_upper_95() -%}
    {{ return([
        '3.6888794541139354', '5.571643390938898', '7.22468766772396', '8.767273069742323', '10.241588675403694',
        '11.66833207932267', '13.059474022518685', '14.422675361702376', '15.763189220193313', '17.084803451419166',
    ]) }}
{%- endmacro %}

{# Limits of a count itself: exact Poisson below 10, Byar's approximation from 10. #}
{% macro count_lower_95(numerator) -%}
    case
        {% for limit in exact_poisson_lower_95() -%}
        when {{ numerator }} = {{ loop.index0 }} then cast({{ limit }} as double)
        {% endfor -%}
        when {{ numerator }} > 0 then {{ byar_95(numerator, '-') }}
    end
{%- endmacro %}

{% macro count_upper_95(numerator) -%}
    case
        {% for limit in exact_poisson_upper_95() -%}
        when {{ numerator }} = {{ loop.index0 }} then cast({{ limit }} as double)
        {% endfor -%}
        when {{ numerator }} > 0 then {{ byar_95(numerator, '+') }}
    end
{%- endmacro %}

{# numerator / population × multiplier. #}
{% macro crude_rate(numerator, population, multiplier) -%}
    case
        when {{ population }} > 0
            then cast({{ numerator }} as double) / cast({{ population }} as double) * {{ multiplier }}
    end
{%- endmacro %}

{% macro crude_rate_lower_95(numerator, population, multiplier) -%}
    case when {{ population }} > 0 then ({{ count_lower_95(numerator) }}) / cast({{ population }} as double) * {{ multiplier }} end
{%- endmacro %}

{% macro crude_rate_upper_95(numerator, population, multiplier) -%}
    case when {{ population }} > 0 then ({{ count_upper_95(numerator) }}) / cast({{ population }} as double) * {{ multiplier }} end
{%- endmacro %}

{# Wilson's score limits of a proportion, in percent. #}
{% macro wilson_95(numerator, denominator, sign) -%}
    case
        -- at the ends the limit is the end itself, which the formula misses by a rounding
        when {{ denominator }} > 0 and {{ numerator }} = {{ 0 if sign == '-' else denominator }} then {{ '0.0' if sign == '-' else '100.0' }}
        when {{ denominator }} > 0 and {{ numerator }} >= 0 and {{ numerator }} <= {{ denominator }} then
            100.0 * (
                2.0 * {{ numerator }} + power(cast({{ z_95() }} as double), 2)
                {{ sign }} cast({{ z_95() }} as double) * sqrt(
                    power(cast({{ z_95() }} as double), 2)
                    + 4.0 * {{ numerator }} * (1.0 - cast({{ numerator }} as double) / cast({{ denominator }} as double))
                )
            ) / (2.0 * ({{ denominator }} + power(cast({{ z_95() }} as double), 2)))
    end
{%- endmacro %}

{% macro wilson_lower_95(numerator, denominator) -%}
    {{ wilson_95(numerator, denominator, '-') }}
{%- endmacro %}

{% macro wilson_upper_95(numerator, denominator) -%}
    {{ wilson_95(numerator, denominator, '+') }}
{%- endmacro %}
