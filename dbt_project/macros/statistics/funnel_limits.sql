{# Limits of a funnel at one level (definitions C10, E17): the normal ones widened by the dispersion between areas, or, where counts show
   none, the Poisson ones by chi-square; of proportions always the normal ones, within 0 and 100 %. `tail` is the probability below
   (above) the limit, `z` its normal quantile. #}

{% macro funnel_lower_limit(tail, z) -%}
case
            when dispersion > 0 or is_proportion
                then greatest(0.0, pooled_value * (1.0 - {{ z }} * sqrt(variance_share / expected + dispersion)))
            else pooled_value * ({{ poisson_lower('expected', tail) }}) / expected
        end
{%- endmacro %}

{% macro funnel_upper_limit(tail, z) -%}
case
            when is_proportion then least(100.0, pooled_value * (1.0 + {{ z }} * sqrt(variance_share / expected + dispersion)))
            when dispersion > 0 then pooled_value * (1.0 + {{ z }} * sqrt(variance_share / expected + dispersion))
            else pooled_value * ({{ poisson_upper('expected', tail) }}) / expected
        end
{%- endmacro %}
