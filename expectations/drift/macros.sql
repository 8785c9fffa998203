-- How far apart two numbers are, in standard errors, so that a limit means the same for ten records and for ten million. Variances are
-- stabilised by square roots (counts) and arc sines (shares) with Anscombe's corrections: plain standard errors promise far too much
-- where few records are expected, and a clean small provider would shut the gate.

-- A count against what a history of `months` months gives, beyond Poisson noise and ordinary variation of `overdispersion` (a share).
create or replace temp macro count_distance(y, expected, overdispersion, months) as
    2 * (sqrt(y + 0.375) - sqrt(expected + 0.375))
    / sqrt((1 + overdispersion * overdispersion * expected) * (1 + 1.57 / greatest(months, 1)));

-- A share y of n against the share h_y of h_n.
create or replace temp macro share_distance(y, n, h_y, h_n) as
    (asin(sqrt((y + 0.375) / (n + 0.75))) - asin(sqrt((h_y + 0.375) / (h_n + 0.75))))
    / sqrt(1 / (4 * n + 2) + 1 / (4 * h_n + 2));

-- A share y of n against a fixed one.
create or replace temp macro share_beyond(y, n, fixed) as
    (asin(sqrt((y + 0.375) / (n + 0.75))) - asin(sqrt(fixed))) * sqrt(4 * n + 2);

-- A chi-square with df degrees of freedom from n records against one whose true effect size is `effect`: non-central chi-square
-- (Patnaik) brought to a normal deviate (Wilson and Hilferty).
create or replace temp macro effect_distance(chi_square, df, n, effect) as
    (
        pow(greatest(chi_square, 0) / (df + effect * effect * n), 1 / 3)
        - 1 + 2 / 9 * (df + 2 * effect * effect * n) / pow(df + effect * effect * n, 2)
    ) / sqrt(2 / 9 * (df + 2 * effect * effect * n) / pow(df + effect * effect * n, 2));

-- What a sender is called in a message: its code, or one of `others` when what stands there has not the shape of a code (definitions
-- E11); what a query says of all of them stays.
create or replace temp macro said(code) as
    case when regexp_full_match(code, '[A-Z0-9]{3,6}|all|all providers') then code when code <> '' then 'others' end;
