{# One part of an amount in pounds that is split over `total_parts` equal parts, `parts_before` of which went to earlier rows.
   Differences of rounded cumulative sums, so that the parts of an amount always sum to the penny. A total of 0 parts keeps it whole. #}
{% macro pounds_share(amount, parts_before, parts, total_parts) -%}
    case
        when {{ total_parts }} = 0 then cast({{ amount }} as decimal(18, 2))
        else cast(
            round(cast({{ amount }} as decimal(18, 2)) * ({{ parts_before }} + {{ parts }}) / {{ total_parts }}, 2)
            - round(cast({{ amount }} as decimal(18, 2)) * {{ parts_before }} / {{ total_parts }}, 2)
            as decimal(18, 2)
        )
    end
{%- endmacro %}
