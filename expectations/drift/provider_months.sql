-- The sender × month grid: which providers were expected (from the settings, or from what each usually sends) and did not send.
select
    concat_ws(' ', said(sender_code), strftime(month, '%Y-%m')) as subject,
    1 as examined,
    not is_received as is_violation,
    'expected and not received: the month is shown as incomplete' as note
from intermediate.feed_expected_senders
where feed = '$feed' and sender_kind = 'provider' and property = 'rows'
