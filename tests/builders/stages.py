"""A tiny network without dates: three stages, one row per pupil, and its rows in memory."""

from __future__ import annotations

from datetime import date

from earlywarn.features import AsOfSpec, BelowOutcome, CohortSpec, Matrix, Outcome, build_matrix, moments_of
from earlywarn.tables import Contract
from tests.builders.network import Row, memory_tables, tiny_contract, tiny_indicators

CONTRACT = """
[network]
name = "staged"
unit = ["pupil_id"]
student = "pupil_id"
membership = "pupils"
school = "school"
stages = ["start", "middle", "end"]

[tables.pupils]
grain = "one row per pupil"
key = ["pupil_id"]
known_on = "always"
[tables.pupils.columns]
pupil_id = { type = "id", required = true }
school = { type = "id", required = true, label = { fr = "école", en = "school" } }
sex = { type = "category", allowed = ["F", "M"], sensitive = true }
motivation = { type = "integer", label = { fr = "motivation", en = "motivation" } }
mark = { type = "number", stage = "middle", label = { fr = "note", en = "mark" } }
gain = { type = "number", stage = "middle", derive = "mark - motivation" }
final = { type = "number", stage = "end" }
passed = { type = "boolean", stage = "end" }
[tables.pupils.columns.path]
type = "category"
label = { fr = "voie", en = "path" }
labels = { fr = { 1 = "courte" }, en = { 1 = "short" } }
"""

INDICATORS = """
[[indicator]]
name = "{column}"
family = "numbers"
table = "pupils"
value = "{column}"
columns = ["motivation", "mark", "gain"]
functions = ["last"]
windows = ["all"]
direction = "down"
text = { fr = "{column} : {value}", en = "{column}: {value}" }

[[indicator]]
name = "latest"
family = "numbers"
table = "pupils"
value = "coalesce(mark, motivation)"
functions = ["last"]
windows = ["all"]
direction = "down"
text = { fr = "le plus récent : {value}", en = "the latest: {value}" }

[[indicator]]
name = "{column}"
family = "codes"
table = "pupils"
value = "{column}"
columns = ["path"]
functions = ["one_of"]
min_count = 2
windows = ["all"]
direction = "none"
text = { fr = "{column} : {code}", en = "{column}: {code}" }
"""

TODAY = date(2030, 1, 1)
FAILING = BelowOutcome(form="below", table="pupils", value="final", mark=10, fr="échouer", en="failing")


def staged_contract() -> Contract:
    """Return the network's contract."""
    return tiny_contract(CONTRACT)


def pupil(name: str, **changes: object) -> Row:
    """Return a pupil who ended with 12, with what is changed."""
    row = {"pupil_id": name, "school": "north", "path": "1", "motivation": 3, "mark": 11, "final": 12}
    # What intake derives is given here as it would be stored.
    full = {**row, **changes}
    mark, motivation = full["mark"], full["motivation"]
    gain = mark - motivation if isinstance(mark, int) and isinstance(motivation, int) else None
    return {"gain": gain, **full}


def staged_matrix(
    *pupils: Row, stages: tuple[str, ...] = ("start", "middle"), outcome: Outcome | None = None
) -> Matrix:
    """Return the matrix of pupils at some stages."""
    contract = staged_contract()
    tables = memory_tables({"pupils": pupils}, contract)
    return build_matrix(
        tables,
        contract,
        tiny_indicators(INDICATORS),
        cohort=CohortSpec(),
        moments=moments_of(contract, AsOfSpec(stages=stages), tables, before=TODAY),
        outcome=outcome,
    )
