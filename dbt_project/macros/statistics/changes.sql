{# Variance of the logarithm of the ratio of two rates (Poisson counts) or two proportions (binomial counts); null where a count is 0. #}
{% macro log_ratio_variance(now, base, now_denominator, base_denominator, limits) -%}
    case
        when {{ limits }} = 'none' or {{ now }} <= 0 or {{ base }} <= 0 then null
        when {{ limits }} = 'wilson'
            then greatest(0.0, 1.0 / {{ now }} - 1.0 / {{ now_denominator }} + 1.0 / {{ base }} - 1.0 / {{ base_denominator }})
        else 1.0 / {{ now }} + 1.0 / {{ base }}
    end
{%- endmacro %}

{# Percentage change of a rate and its 95 % limits, which are those of the ratio on the scale of logarithms. #}
{% macro change_pct(ratio) -%}
    100.0 * ({{ ratio }} - 1.0)
{%- endmacro %}

{% macro change_pct_limit(ratio, log_variance, sign) -%}
    100.0 * ({{ ratio }} * exp({{ sign }} cast({{ z_95() }} as double) * sqrt({{ log_variance }})) - 1.0)
{%- endmacro %}
