{# All visits (definitions E7): general practice, unplanned A&E, same-day emergency care and outpatients. With contacts of community teams
   it is a measure of its own, because that feed begins later than the others and would look like a rise.

   condition   when the event is a visit #}
{% macro visit_measures(condition) -%}
    {{ return({'all_visits': condition, 'all_visits_with_community': condition}) }}
{%- endmacro %}

{% macro community_visit_measures(condition) -%}
    {{ return({'all_visits_with_community': condition}) }}
{%- endmacro %}
