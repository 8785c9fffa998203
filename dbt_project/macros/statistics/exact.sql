{# Sums that come out the same in whatever order the rows arrive: doubles are made decimal before they are added. 38 digits, `scale` of
   them after the point; a term must stay below 10^(38 - scale). #}
{% macro exact_sum(expression, scale=18) -%}
    cast(sum(cast({{ expression }} as decimal(38, {{ scale }}))) as double)
{%- endmacro %}

{# Byar's limits of a count, at any size (definitions 22). `sign` is '-' for the lower limit. #}
{% macro byar_95(count, sign) -%}
    {%- set x = 'cast(' ~ count ~ ' as double)' if sign == '-' else '(cast(' ~ count ~ ' as double) + 1.0)' -%}
    case
        when {{ x }} > 0 then {{ x }} * power(
            1.0 - 1.0 / (9.0 * {{ x }}) {{ sign }} cast({{ z_95() }} as double) / (3.0 * sqrt({{ x }})), 3
        )
        else 0.0
    end
{%- endmacro %}

{# Poisson limits of an expected count, from chi-square quantiles; the count need not be whole. #}
{% macro poisson_lower(expected, tail) -%}
    chi_square_quantile(cast({{ tail }} as double), 2.0 * cast({{ expected }} as double)) / 2.0
{%- endmacro %}

{% macro poisson_upper(expected, tail) -%}
    chi_square_quantile(1.0 - cast({{ tail }} as double), 2.0 * cast({{ expected }} as double) + 2.0) / 2.0
{%- endmacro %}
