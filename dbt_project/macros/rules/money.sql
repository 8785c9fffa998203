{# One part of an amount in pounds that is split over `total_parts` equal parts, `parts_before` of which went to earlier rows.
   Differences of rounded cumulative sums, so that the parts of an amount always sum to the penny. A total of 0 parts keeps it whole. #}
{% macro pounds_share(amount, parts_before, parts, total_parts) -%}
    case
        when {{ total_parts }} = 0 then cast({{ amount }} as decimal(18, 2))
        else cast(
            ({{ pence_of_parts(amount, parts_before ~ ' + ' ~ parts, total_parts) }} - {{ pence_of_parts(amount, parts_before, total_parts) }}) / 100.0
            as decimal(18, 2)
        )
    end
{%- endmacro %}

{# Whole pence of the first `parts` of `total_parts`, half a penny up. Halves are common (six months of an odd amount), and a quotient of
   pounds holds them only roughly: engines, and one engine from amount to amount, then round them differently. Here only whole numbers
   are divided, which is exact to the floor while they stay below 2^53. #}
{% macro pence_of_parts(amount, parts, total_parts) -%}
    floor(
        cast(2 * cast(cast({{ amount }} as decimal(18, 2)) * 100 as bigint) * ({{ parts }}) + {{ total_parts }} as double) / cast(2 * {{ total_parts }} as double)
    )
{%- endmacro %}
