-- The provider × month grid: who was expected (from the settings, or from what each provider usually sends) and did not send.
select
    concat_ws(' ', provider_code, strftime(coverage_month, '%Y-%m')) as subject,
    1 as examined,
    not is_received as is_violation,
    'expected and not received: the month is shown as incomplete' as note
from inputs.plan.expected_providers
where feed = '$feed'
