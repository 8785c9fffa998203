{# Value and 95 % limits of the reported kinds (definitions E23). A net promoter score is the mean of answers worth 1, 0 and -1, so that its
   cells carry the same sums as a mean's: numerator Σx, denominator n, squares Σx². Doubles; null where there is nothing to say. #}

{% macro student_t_95(answers) -%}
    student_t_quantile(cast(0.975 as double), cast({{ answers }} - 1 as double))
{%- endmacro %}

{# Standard error of a mean: the sample's standard deviation over √n. #}
{% macro mean_standard_error(total, answers, squares) -%}
    sqrt(greatest(
        0.0, cast({{ squares }} as double) - power(cast({{ total }} as double), 2) / cast({{ answers }} as double)
    ) / (cast({{ answers }} as double) - 1) / cast({{ answers }} as double))
{%- endmacro %}

{# √((p + d − (p − d)²) / n), where p + d is the mean square of the answers. #}
{% macro net_promoter_standard_error(total, answers, squares) -%}
    sqrt(greatest(
        0.0,
        cast({{ squares }} as double) / cast({{ answers }} as double)
        - power(cast({{ total }} as double) / cast({{ answers }} as double), 2)
    ) / cast({{ answers }} as double))
{%- endmacro %}

{% macro reported_limit_95(kind, limits, total, base, squares, multiplier, side) -%}
    {%- set sign = '-' if side == 'lower' else '+' -%}
    case
        when {{ base }} <= 0 then null
        when {{ limits }} = 't' then
            case when {{ base }} > 1 then
                cast({{ total }} as double) / cast({{ base }} as double)
                {{ sign }} {{ student_t_95(base) }} * {{ mean_standard_error(total, base, squares) }}
            end
        when {{ limits }} = 'net_promoter' then
            {{ 'greatest(-100.0' if side == 'lower' else 'least(100.0' }}, 100.0 * (
                cast({{ total }} as double) / cast({{ base }} as double)
                {{ sign }} cast({{ z_95() }} as double) * {{ net_promoter_standard_error(total, base, squares) }}
            ))
        when {{ limits }} = 'wilson' then {{ wilson_95(total, base, sign) }}
        when {{ limits }} = 'poisson'
            then {{ crude_rate_lower_95(total, base, multiplier) if side == 'lower' else crude_rate_upper_95(total, base, multiplier) }}
    end
{%- endmacro %}
