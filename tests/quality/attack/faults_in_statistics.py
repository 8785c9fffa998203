"""Faults in rates, limits, charts, funnels, rolling months and the levels of areas."""

from __future__ import annotations

from tests.quality.attack.code_faults import INDICATORS, INTERMEDIATE, MACROS, CodeFault, tests, worked

LIMITS, RATES = MACROS + "statistics/limits.sql", INDICATORS + "standardised_rates.sql"
CHARTS, FUNNELS = "indicators/test_process_charts.py", "indicators/test_funnels.py"
CHARTS_AGREE = tests(CHARTS, "limits_and_special_causes_agree_with_plain_python")
FUNNELS_AGREE = tests(FUNNELS, "limits_dispersion_and_classes_agree_with_plain_python")
RATES_AGREE = tests("indicators/test_rates.py", "standardised_rates_agree_with_plain_python")
PEOPLE_AGREE = tests("indicators/test_people.py", "people_over_a_threshold_and_repeat_events_agree_with_counting")

STATISTICS_FAULTS = (
    CodeFault(
        "Poisson limits: half of each chi-square quantile",
        "orchestration/build/statistics_udf.py",
        "2.0 * gammaincinv(",
        "gammaincinv(",
        tests("indicators/test_statistics_udf.py", "exact_poisson_limits_of_five"),
    ),
    CodeFault(
        "Poisson limits: a digit of the exact limits is wrong",
        LIMITS,
        "8.767273069742323",
        "8.767273096742323",
        tests("indicators/test_statistics_udf.py", "the_exact_limits_written_in_the_macro_are_those_of_scipy"),
    ),
    CodeFault(
        "crude rates: Byar's upper limit of the count itself, not of one more",
        LIMITS,
        "{{ byar_95(numerator, '+') }}",
        "{{ byar_95(numerator, '-') }}",
        tests("indicators/test_rates.py", "crude_rates_of_part_d"),
    ),
    CodeFault(
        "proportions: Wilson's limits lose half of their width",
        LIMITS,
        "+ 4.0 * {{ numerator }} * (1.0",
        "+ 2.0 * {{ numerator }} * (1.0",
        tests("indicators/test_rates.py", "wilson_of_part_d"),
    ),
    CodeFault(
        "standardised rates: a weight of ESP2013 is wrong",
        "seeds/esp2013.csv",
        "20_24,20,24,6000",
        "20_24,20,24,6500",
        tests("indicators/test_catalogue.py", "esp2013_is_the_standard_of_the_definitions"),
    ),
    CodeFault(
        "standardised rates: 10 events are too few",
        RATES,
        "when events < 10 then 'fewer",
        "when events <= 10 then 'fewer",
        tests("indicators/test_rates.py", "ten_events_have_a_standardised_rate_and_nine_have_none"),
    ),
    CodeFault(
        "standardised rates: people who come again do not widen the limits",
        RATES,
        "coalesce(events.{band}, 0) + coalesce(repeats.{band}, 0)",
        "coalesce(events.{band}, 0)",
        RATES_AGREE,
    ),
    CodeFault(
        "rolling 12 months: age bands of thirteen months",
        INDICATORS + "area_strata.sql",
        "between 11 preceding and current row",
        "between 12 preceding and current row",
        worked("twelve_months_of_a_band"),
    ),
    CodeFault(
        "rolling 12 months: totals of thirteen months",
        INDICATORS + "area_periods.sql",
        "between 11 preceding and current row",
        "between 12 preceding and current row",
        worked("twelve_months_of_an_area"),
    ),
    CodeFault(
        "control charts: eleven points are enough",
        INDICATORS + "process_limits.sql",
        "points >= 12",
        "points >= 11",
        tests(CHARTS, "eleven_points_or_small_counts_have_no_limits"),
    ),
    CodeFault(
        "control charts: a shift needs eight points",
        INDICATORS + "process_signals.sql",
        "when side <> 0 and side_run_length >= 7 then 'shift'",
        "when side <> 0 and side_run_length >= 8 then 'shift'",
        CHARTS_AGREE,
    ),
    CodeFault(
        "control charts: incomplete months are judged",
        INDICATORS + "process_months.sql",
        "        and figures.period_status <> 'incomplete'\n",
        "",
        tests(CHARTS, "incomplete_months_are_in_no_mean_and_no_run"),
    ),
    CodeFault(
        "funnels: z-scores are cut off at the 5th percentile",
        INDICATORS + "funnel_points.sql",
        "quantile_cont(z_score, 0.1)",
        "quantile_cont(z_score, 0.05)",
        FUNNELS_AGREE,
    ),
    CodeFault(
        "funnels: the dispersion counts an area too many",
        INDICATORS + "funnel_points.sql",
        "(areas * phi - (areas - 1))",
        "(areas * phi - areas)",
        FUNNELS_AGREE,
    ),
    CodeFault(
        "levels: a partnership is summed by its networks",
        INTERMEDIATE + "geography/practice_levels.sql",
        "'hcp': 'hcp_code'",
        "'hcp': 'pcn_code'",
        PEOPLE_AGREE,
    ),
)
