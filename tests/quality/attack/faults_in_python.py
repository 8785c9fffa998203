"""Faults in the ingest, the gate, the receipt, disclosure control and the NNHIP return."""

from __future__ import annotations

from tests.quality.attack.code_faults import CodeFault, tests

TYPING, INPUTS = "orchestration/lake/typing_sql.py", "orchestration/build/inputs.py"
PRIVACY, OUTCOMES = "orchestration/lake/privacy.py", "orchestration/lake/outcomes.py"
GATE, WAIVERS = "orchestration/gate/gate.py", "orchestration/releases/waivers.py"
DISCLOSURE, PROTECTION = "orchestration/publishing/disclosure.py", "orchestration/publishing/protection.py"
NNHIP = "orchestration/publishing/nnhip/"

INGEST_FAULTS = (
    CodeFault(
        "ingest: ages of babies (HES 7007) are no age",
        TYPING,
        "between 7001 and 7007",
        "between 7001 and 7006",
        tests("ingest/test_typing.py", "ages"),
    ),
    CodeFault(
        "ingest: day and month of a date change places",
        TYPING,
        '"%d%b%Y", "%Y%m%d", "%d/%m/%Y", "%d-%b-%Y"',
        '"%d%b%Y", "%Y%m%d", "%m/%d/%Y", "%d-%b-%Y"',
        tests("ingest/test_typing.py", "dates"),
    ),
    CodeFault(
        "ingest: HES's null date is a fault of the file",
        TYPING,
        'NULL_DATES = ("1800-01-01", "18000101", "01/01/1800")',
        "NULL_DATES = ()",
        tests("ingest/test_typing.py", "dates"),
    ),
    CodeFault(
        "ingest: an amount in brackets is not negative",
        TYPING,
        "then '-' || {bare}[2:-2]",
        "then {bare}[2:-2]",
        tests("ingest/test_typing.py", "pounds"),
    ),
    CodeFault(
        "ingest: the words for a deprivation decile are one decile off",
        TYPING,
        "enumerate(IMD_DECILES, start=1)",
        "enumerate(IMD_DECILES, start=0)",
        tests("ingest/test_typing.py", "deprivation_in_words"),
    ),
    CodeFault(
        "ingest: a decimal comma is read as thousands",
        TYPING,
        "[0-9]{{1,3}}(,[0-9]{{3}})+",
        "[0-9]{{1,3}}(,[0-9]+)+",
        tests("ingest/test_typing.py", "numbers"),
    ),
    CodeFault(
        "restatement: the older delivery's row of a key stays",
        INPUTS,
        "where delivery < newest_delivery",
        "where delivery = newest_delivery",
        tests("ingest/test_restatement.py", "a_key_in_two_deliveries_counts_once_from_the_newest"),
    ),
    CodeFault(
        "restatement: a covered month without rows keeps the older delivery's",
        INPUTS,
        'if feed.supersedes == "covered_months":',
        'if feed.supersedes == "covered month":',
        tests("ingest/test_restatement.py", "months_in_the_newest_delivery_replace_the_older_ones"),
    ),
    CodeFault(
        "restatement: the first month of the coverage keeps the older delivery's rows",
        INPUTS,
        "month not in supplier or month >= first",
        "month not in supplier or month > first",
        tests("ingest/test_restatement.py", "a_feed_that_comes_late_replaces_only_the_months_it_brings"),
    ),
    CodeFault(
        "restatement: the oldest delivery of a contract month counts",
        INPUTS,
        'f"select {unit}, max(delivery) as delivery',
        'f"select {unit}, min(delivery) as delivery',
        tests("ingest/test_restatement.py", "contract_months_replace_provider_by_month_and_month_13_is_month_12"),
    ),
    CodeFault(
        "restatement: month 13 of a contract is January",
        "orchestration/lake/table_sql.py",
        "(least(financial_month, 12) + 2) % 12",
        "(financial_month + 2) % 12",
        tests("ingest/test_restatement.py", "contract_months_replace_provider_by_month_and_month_13_is_month_12"),
    ),
    CodeFault(
        "duplicates: both rows of a key in one file stay",
        OUTCOMES,
        "            where place > 1",
        "            where place > 2",
        tests("ingest/test_restatement.py", "a_key_twice_in_one_file_counts_once"),
    ),
    CodeFault(
        "duplicates: of a key in one file the last row stays",
        OUTCOMES,
        "row_number() over (partition by {key} order by source, row_id) as place",
        "row_number() over (partition by {key} order by source, row_id desc) as place",
        tests("ingest/test_restatement.py", "a_key_twice_in_one_file_counts_once"),
    ),
    CodeFault(
        "opt-outs: a later opt-out does not reach older deliveries",
        INPUTS,
        "if all(held_everyone(",
        "if True or all(held_everyone(",
        tests("ingest/test_privacy.py", "a_later_opt_out_reaches_older_deliveries"),
    ),
    CodeFault(
        "identifiers: two key spaces are linked as if they were one",
        PRIVACY,
        "in (None, DEFAULT_SPACE) else f\"'{space}:' || {x}\"",
        "in (None, DEFAULT_SPACE) else x",
        tests("ingest/test_privacy.py", "identifier_spaces_never_link"),
    ),
    CodeFault(
        "identifiers: the hash has no key",
        PRIVACY,
        "sha256(getvariable('outer_key') || sha256(getvariable('inner_key') || {x}))",
        "sha256(sha256({x}))",
        tests("ingest/test_privacy.py", "figures_do_not_depend_on_the_key"),
    ),
    CodeFault(
        "identifiers: NHS numbers pass where half of a column's are others",
        PRIVACY,
        "is_half = total.alone > 0 and 2 * total.alone_valid >= total.alone",
        "is_half = total.alone > 0 and 2 * total.alone_valid > total.alone",
        tests("ingest/test_privacy.py", "half_of_the_numbers_are_enough_to_refuse"),
    ),
)

GATE_FAULTS = (
    CodeFault(
        "gate: a failed blocking check does not hold it shut, a warning does",
        WAIVERS,
        "result.severity is Severity.BLOCK)",
        "result.severity is Severity.WARN)",
        tests("quality/test_gate.py", "a_failed_test_is_judged_by_its_own_severity"),
    ),
    CodeFault(
        "gate: a check that could not be evaluated has passed",
        WAIVERS,
        "return result.state is State.ERROR or (",
        "return (",
        tests("quality/test_gate.py", "a_test_whose_sql_breaks_has_not_passed"),
    ),
    CodeFault(
        "gate: a required check that did not run is not missed",
        GATE,
        "if line.id not in reported]",
        "if line.id in definitions and line.id not in reported]",
        tests("quality/test_gate.py", "a_deleted_test_shuts_the_gate", "every_registered_check_is_missed_when_it_goes"),
    ),
    CodeFault(
        "gate: a waiver ends a day early",
        WAIVERS,
        "and data_cut <= self.expires",
        "and data_cut < self.expires",
        tests("quality/test_gate.py", "a_waiver_opens_for_its_check_and_delivery_up_to_its_last_day"),
    ),
    CodeFault(
        "gate: a waiver opens for every delivery",
        WAIVERS,
        "(self.check_id, self.delivery) == (check_id, delivery)",
        "self.check_id == check_id",
        tests("quality/test_gate.py", "a_waiver_opens_for_its_check_and_delivery_up_to_its_last_day"),
    ),
    CodeFault(
        "gate: conservation can be waived",
        GATE,
        "if known.get(waiver.check_id) and waiver.covers",
        "if waiver.covers",
        tests("quality/test_gate.py", "conservation_cannot_be_waived"),
    ),
    CodeFault(
        "receipt: marts are not compared with what was checked",
        GATE,
        "built, len(sealed.tables))",
        "[], len(sealed.tables))",
        tests("quality/test_gate.py", "a_mart_edited_by_hand"),
    ),
    CodeFault(
        "receipt: the hash leaves the results out",
        "orchestration/gate/receipt.py",
        'exclude={"seal"})',
        'exclude={"seal", "results"})',
        tests("quality/test_gate.py", "an_edited_receipt"),
    ),
    CodeFault(
        "seal: a log beside the warehouse is not looked for",
        "orchestration/build/seal.py",
        "if log.exists()]",
        "if False]",
        tests("quality/test_gate.py", "an_edit_that_waits_in_the_log_of_the_warehouse"),
    ),
    CodeFault(
        "receipt: where a value ends is not part of the hash of a mart",
        "orchestration/foundation/warehouse.py",
        "concat_ws(chr(31), {fields})",
        "concat_ws('', {fields})",
        tests("house/test_warehouse.py", "where_a_value_ends_counts"),
    ),
)

PUBLISH_FAULTS = (
    CodeFault(
        "disclosure: counts are rounded down to 5",
        DISCLOSURE,
        "np.floor(count / BASE + 0.5)",
        "np.floor(count / BASE)",
        tests("publish/test_disclosure.py", "rounding"),
    ),
    CodeFault(
        "disclosure: a count of 7 is shown",
        DISCLOSURE,
        "HIDDEN_UP_TO = 7",
        "HIDDEN_UP_TO = 6",
        tests("publish/test_disclosure.py", "one_to_seven_is_hidden"),
    ),
    CodeFault(
        "disclosure: a count of 0 is hidden",
        DISCLOSURE,
        "return 0 < count <= HIDDEN_UP_TO",
        "return 0 <= count <= HIDDEN_UP_TO",
        tests("publish/test_disclosure.py", "rounding", "one_to_seven_is_hidden"),
    ),
    CodeFault(
        "disclosure: two feasible values are enough",
        DISCLOSURE,
        "FEASIBLE_VALUES_NEEDED = 3",
        "FEASIBLE_VALUES_NEEDED = 2",
        tests("publish/test_disclosure.py", "rounding_that_corners_a_count_hides_another_one"),
    ),
    CodeFault(
        "disclosure: nothing is hidden beside a small count",
        PROTECTION,
        "complementary = prover.hide_until_safe(sorted(primary))",
        "complementary = prover.hide_until_safe([])",
        tests("publish/test_disclosure.py", "rounding_that_corners_a_count_hides_another_one"),
    ),
    CodeFault(
        "disclosure: earlier releases are forgotten",
        PROTECTION,
        "for number, publication in enumerate(earlier):",
        "for number, publication in enumerate(earlier[:0]):",
        tests("publish/test_disclosure.py", "a_figure_shown_before_cannot_be_taken_back"),
    ),
    CodeFault(
        "disclosure: an attacker is thought to know less of a rounded count than is so",
        DISCLOSURE,
        "HIDDEN_UP_TO + 1), middle + 2",
        "HIDDEN_UP_TO + 1), middle + 3",
        tests("publish/test_disclosure.py", "the_interval_is_what_rounds_to_the_same"),
    ),
    CodeFault(
        "NNHIP: a count of 5 is shown",
        NNHIP + "rules.yml",
        "suppress_below: 6 ",
        "suppress_below: 5 ",
        tests("nnhip/test_return.py", "six_is_shown_and_five_is_not"),
    ),
    CodeFault(
        "NNHIP: a count of 6 is suppressed",
        NNHIP + "__init__.py",
        "is_small = number < rules.suppress_below",
        "is_small = number <= rules.suppress_below",
        tests("nnhip/test_return.py", "six_is_shown_and_five_is_not"),
    ),
    CodeFault(
        "NNHIP: people of 17 are in the programme",
        NNHIP + "rules.yml",
        "minimum_age: 18",
        "minimum_age: 17",
        tests("nnhip/test_return.py", "counts_by_hand"),
    ),
)
