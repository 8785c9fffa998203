{# The 19 bands of ESP2013. Standardisation holds them side by side, one column per band (`band_0_4` … `band_90_plus`): an area's year is
   then one row instead of nineteen, and a rate is an expression over the row. A test compares them with the seed `esp2013`. #}
{% macro age_bands() -%}
    {%- set bands = [] -%}
    {%- for start in range(0, 90, 5) -%}{%- do bands.append(start ~ '_' ~ (start + 4)) -%}{%- endfor -%}
    {{ return(bands + ['90_plus']) }}
{%- endmacro %}

{# Rows of cells to columns of bands: the sum of `value` for each band, nought where there is none. #}
{% macro pivot_bands(value, age_band='age_band') -%}
    {% for band in age_bands() -%}
    cast(coalesce(sum({{ value }}) filter (where {{ age_band }} = '{{ band }}'), 0) as decimal(18, 2)) as band_{{ band }}{{ ',' if not loop.last }}
    {% endfor %}
{%- endmacro %}

{# One expression per band, as columns; `{band}` in it is the band's column. #}
{% macro each_band(expression) -%}
    {% for band in age_bands() -%}
    {{ expression | replace('{band}', 'band_' ~ band) }} as band_{{ band }}{{ ',' if not loop.last }}
    {% endfor %}
{%- endmacro %}

{# The sum over the bands of one expression, as a double. The terms of a row are always added in this order, so that the sum is the same
   whatever the order of the rows; only sums over rows need decimals (see exact_sum). #}
{% macro sum_over_bands(expression) -%}
    (
        {% for band in age_bands() -%}
        {{ '+ ' if not loop.first }}cast({{ expression | replace('{band}', 'band_' ~ band) }} as double)
        {% endfor -%}
    )
{%- endmacro %}
