{# The values of NHS England's appointment publications, across their vintages (definitions 7.3). Anything else is unknown, never dropped. #}

{% macro gp_status(expression) -%}
    case lower(trim({{ expression }}))
        when 'attended' then 'attended'
        when 'dna' then 'did_not_attend'
        when 'did not attend' then 'did_not_attend'
        else 'unknown'
    end
{%- endmacro %}

{% macro gp_staff_group(expression) -%}
    case lower(trim({{ expression }}))
        when 'gp' then 'gp'
        when 'other practice staff' then 'other_practice_staff'
        else 'unknown'
    end
{%- endmacro %}

{% macro gp_mode(expression) -%}
    case lower(trim({{ expression }}))
        when 'face-to-face' then 'face_to_face'
        when 'telephone' then 'telephone'
        when 'home visit' then 'home_visit'
        when 'video/online' then 'video_online'
        when 'video conference/online' then 'video_online'
        else 'unknown'
    end
{%- endmacro %}
