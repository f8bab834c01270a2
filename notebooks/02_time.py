# %% [markdown]
# # Why look-ahead cannot happen
#
# A model that saw the future looks good until the day it is used. Here four things are tried on an invented
# network, each of which would let the future in, and each fails. Run it with `python notebooks/02_time.py`.

# %% 1. An invented network of a thousand students, taken in as a school system exports it
import tempfile
from datetime import date
from pathlib import Path
from unittest.mock import patch

import numpy as np

from earlywarn.features import Matrix, build_matrix, load_indicators, moments_of, replay
from earlywarn.features import asof as rule
from earlywarn.modeling import latest_tested, load_spec, time_split
from earlywarn.modeling.matrix_rows import in_frozen_order, rows_of
from earlywarn.pipeline.ingest import ingest
from earlywarn.pipeline.train import labeled_matrix
from earlywarn.synthetic import synthesize
from earlywarn.tables import load_contract, open_tables
from earlywarn.workspace import Workspace

folder = Path(tempfile.mkdtemp())
network = Path(__file__).resolve().parents[1] / "models" / "quebec"
workspace, keys, today = Workspace(folder / "workspace"), folder / "keys", date(2026, 11, 20)
synthesize(folder / "extracts", n_students=1_000, until=today, seed=1)
ingest(network, folder / "extracts", workspace, received_on=today, backfill=True, keys=keys)
contract, spec = load_contract(network / "contract.toml"), load_spec(network / "dropout" / "model.toml")

# %% 2. Every fact carries two days: when it happened, and from when it could be seen
tables = open_tables(workspace, contract)
late = tables.connection.sql(
    "SELECT happened_on, visible_from, count(*) AS n FROM versions.absences "
    "WHERE visible_from > happened_on + INTERVAL 5 DAY GROUP BY ALL ORDER BY n DESC, happened_on LIMIT 3"
)
print("Absences recorded more than five days later (nobody knew them meanwhile):")
print(late)

# %% 3. The cohort of 15 March, asked three years later from tables that know all that came since
march = date(2023, 3, 15)
indicators = load_indicators(network / "indicators.toml", contract)


def matrix_of_march() -> Matrix:
    """Build the matrix of 15 March from all that is in the workspace, three years later."""
    moments = [one for one in moments_of(contract, spec.as_of, tables, before=today) if one.as_of == march]
    families = list(spec.features.families)
    return build_matrix(tables, contract, indicators, cohort=spec.cohort, moments=moments, families=families)


whole = matrix_of_march()
print(len(whole), "students,", whole.features.num_columns, "features, as of", march)

# %% 4. Replay: the future is taken out of the tables, the features are built again, and compared to the bit
families = list(spec.features.families)
found = replay(tables, contract, indicators, whole, cohort=spec.cohort, families=families)
print(f"{found.n_hidden} facts of the future taken away, {found.n_cells} values, {found.n_differing} differ")
assert found.n_hidden > 0
assert found.n_differing == 0


# %% 5. A replay that could not fail would prove nothing: the engine is broken on purpose, and it is caught


def forgetful(row: str, as_of: str) -> str:
    """Forget the one comparison that keeps the future out."""
    return f"({row}.superseded_on IS NULL OR {row}.superseded_on >= {as_of})"


with patch.object(rule, "row_is_known", forgetful):
    broken = replay(tables, contract, indicators, matrix_of_march(), cohort=spec.cohort, families=families)
print(f"without `visible_from < as_of`: {broken.n_differing} values differ, as {broken.columns[0]}")
assert broken.n_differing > 0

# %% 6. A label is never decided before its horizon has passed
tables.close()
labeled = in_frozen_order(labeled_matrix(network / "dropout", workspace, contract, spec, today=today))
rows = rows_of(labeled, groups=(), capacity_per=spec.capacity.per, today=today)
wait = (rows.label_known_on - rows.as_of)[rows.labeled].astype(int)
print(f"{int(rows.labeled.sum())} labels are known, {int((~rows.labeled).sum())} not yet")
print(f"from the as-of date to the label: at least {wait.min()} days")
assert wait.min() > 0

# %% 7. What trains was known before what tests began; the last year before the test has to wait
test = latest_tested(rows)
split = time_split(rows, test, overlap="strict", within=np.ones(rows.label.size, dtype=bool))
begins = rows.as_of[split.test].min()
print("tested:", test, "from", begins)
print("latest label that trains was known on", rows.label_known_on[split.train].max())
assert rows.label_known_on[split.train].max() <= begins

# %% 8. One may argue that students stand on both sides: years of one student do, and no row of the same year
both = np.isin(rows.student[split.test], rows.student[split.train]).mean()
print(f"{both:.0%} of the tested students were seen in an earlier year, none of them in the tested one")
assert not set(rows.period[split.train]) & set(rows.period[split.test])
