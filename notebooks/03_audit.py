# %% [markdown]
# # Reading a quality sheet critically
#
# A sheet is an argument, and this is how to argue back. First the committed sheet of an invented network,
# then populations whose truth is known, some of them wronged on purpose: what does the audit find, and what
# can no audit find? Run it with `python notebooks/03_audit.py`.

# %% 1. The sheet that the last training left beside its model
import json
from pathlib import Path

import numpy as np

from earlywarn.evaluation import (
    TestRows,
    Tolerance,
    audit_groups,
    calibration_of,
    crossed,
    draws_for,
    score_rows,
    sheet_table,
)
from earlywarn.synthetic.audited import Bias, audited_population

models = Path(__file__).resolve().parents[1] / "models"
sheet = json.loads((models / "quebec" / "dropout" / "backtest.json").read_text(encoding="utf-8"))
lead = sheet["backtests"][0]
print(sheet_table(sheet)[:1500])

# %% 2. Is it better than what schools do already? The interval answers, not the value
for pair in lead["comparisons"]:
    auc = pair["auc"]
    ends = f"[{auc['low']:+.3f}, {auc['high']:+.3f}]"
    print(f"{pair['model']} against {pair['other']}: {auc['value']:+.3f} {ends} -> {pair['verdict']}")

# %% 3. Would one column do? Look at the best column of each moment, not of the year
chosen = next(one for one in lead["candidates"] if one["name"] == lead["chosen"])
for moment in lead["moments"]:
    told = {one["name"]: one["by_moment"][moment]["auc"]["value"] for one in lead["candidates"]}
    print(moment, {name: round(value, 3) for name, value in told.items() if value is not None})

# %% 4. What is a list worth? Precision at capacity beside the base rate, and three in four may still be wrong
capacity = chosen["overall"]["capacity"]
base, precision = chosen["overall"]["base_rate"], capacity["precision"]["value"]
print(f"of those listed {precision:.0%} met the outcome; of everybody {base:.1%}")
print(f"so {1 - precision:.0%} of the names on the list did not: a list proposes, it does not decide")

# %% 5. How many groups were judged, and what the verdicts promise
for one in lead["groups"]:
    gap = f"risk minus rate {one['calibration_gap']['value']:+.3f} {one['calibration_verdict']}"
    counted = f"n {one['n']}, {one['n_positive']} with the outcome"
    print(f"{one['column']}={one['group']}: {counted}; {gap}; rates {one['rates_verdict']}")
print("'cannot tell' is no 'within': with 30 outcomes a recall is known to about 0.2 either way")

# %% 6. Now with known truth: a population in which every risk is the rate at which the outcome comes
TOLERANCE = Tolerance(calibration=0.03, rates=0.10)


def audit_of(bias: Bias, seed: int = 3) -> None:
    """Invent a population, audit it, and print what the audit says of one column."""
    generator = np.random.default_rng(seed)
    people = audited_population(generator, n_students=6_000, n_schools=40, bias=bias)
    rows = TestRows(
        label=people.label,
        period=np.full(people.label.size, "2024-2025"),
        moment=people.moment,
        school=people.school,
        grade=people.grade,
        student=people.student,
        lists=crossed(people.moment, people.school, people.grade),
        groups={"language": people.groups["language"]},
    )
    _, draws = draws_for(rows, n_draws=100, generator=np.random.default_rng(1))
    margin = np.log(people.risk / (1 - people.risk))
    audit = audit_groups(
        score_rows("model", margin, people.risk, rows, share=0.1),
        rows,
        draws,
        tolerance=TOLERANCE,
        rules=score_rows("rules", people.points, people.risk, rows, share=0.1),
    )
    inside = people.groups["language"] == "other"
    error = calibration_of(people.risk, people.label).expected_error
    print(f"\n{bias.way} ({bias.amount}): overall calibration error {error:.3f}")
    for one in audit.groups:
        print(
            f"  {one.group:8} risk minus rate {one.calibration_gap.value:+.3f} {one.calibration_verdict:12} "
            f"false alarms {one.false_positive_rate.value:.3f} {one.rates_verdict:12} {one.against_rules}"
        )
    print(
        f"  truly met the outcome in 'other': {people.happened[inside].mean():.3f}, "
        f"recorded: {people.label[inside].mean():.3f}"
    )


audit_of(Bias())

# %% 7. Scores that are too high for one group, and a column that stands in for it: both are found
audit_of(Bias("shifted_scores", amount=1.5))
audit_of(Bias("proxy", amount=1.0))

# %% 8. Outcomes of one group that nobody recorded: found, as long as the model has not learned them
audit_of(Bias("under_recorded", amount=0.5))

# %% 9. And what no audit finds
print(
    "\nHad the model learned from those records, risks and records would agree, and the audit would say "
    "'within'.\nWho decides what is recorded has to be looked at elsewhere."
)
