{# Limits of a funnel at one level (definitions C10): the normal ones widened by the dispersion between areas, or, where there is
   none, the Poisson ones by chi-square. `tail` is the probability below (above) the limit, `z` its normal quantile. #}

{% macro funnel_lower_limit(tail, z) -%}
case
            when dispersion > 0
                then greatest(0.0, pooled_value * (1.0 - {{ z }} * sqrt(1.0 / expected + dispersion)))
            else pooled_value * ({{ poisson_lower('expected', tail) }}) / expected
        end
{%- endmacro %}

{% macro funnel_upper_limit(tail, z) -%}
case
            when dispersion > 0 then pooled_value * (1.0 + {{ z }} * sqrt(1.0 / expected + dispersion))
            else pooled_value * ({{ poisson_upper('expected', tail) }}) / expected
        end
{%- endmacro %}
