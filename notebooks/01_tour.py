# %% [markdown]
# # From a school's files to an explained list, in ten cells
#
# Everything here is invented. Run it with `python notebooks/01_tour.py`.

# %% 1. A folder that goes away at the end
import tempfile
from datetime import date
from pathlib import Path

from earlywarn.pipeline.ingest import ingest
from earlywarn.pipeline.promote import promote
from earlywarn.pipeline.publish import publish
from earlywarn.pipeline.score import score
from earlywarn.pipeline.train import train
from earlywarn.synthetic import synthesize
from earlywarn.tables import load_contract, open_tables
from earlywarn.workspace import Workspace

folder = Path(tempfile.mkdtemp())
network = Path(__file__).resolve().parents[1] / "models" / "quebec"
workspace, keys, today = Workspace(folder / "workspace"), folder / "keys", date(2026, 11, 20)

# %% 2. The raw files of an invented network, as local systems write them
invented = synthesize(folder / "extracts", n_students=2_000, until=today, seed=1)
print(invented.summary())
print((folder / "extracts" / "evenements.csv").read_text(encoding="cp1252")[:300])

# %% 3. Taking them in: every row is accepted, quarantined for a reason, or a declared duplicate
report = ingest(network, folder / "extracts", workspace, received_on=today, backfill=True, keys=keys)
print(report.as_text("fr"))

# %% 4. Validated tables; a student is a pseudonym from here on
contract = load_contract(network / "contract.toml")
tables = open_tables(workspace, contract)
print(
    tables.connection.sql(
        "SELECT category, count(*) AS n FROM versions.absences GROUP BY category ORDER BY n"
    )
)

# %% 5. What one student's absences looked like on two days: nothing later can be seen
for day in ("2025-11-20", "2026-03-15"):
    known = tables.connection.sql(
        f"SELECT count(*) FROM versions.absences WHERE visible_from < DATE '{day}'"  # noqa: S608
    ).fetchall()
    print(day, known)
tables.close()

# %% 6. Train: every candidate on the same held-out future, the simple ones beside the others
result = train(network / "difficulty", workspace, today=today, seed=1, pictures=False)
print(result.summary())

# %% 7. Promote: the gates say whether it deserves use
print(promote(network / "difficulty", workspace).summary())

# %% 8. Publish: a signed folder of plain files, nothing pickled
published = publish(network / "difficulty", workspace, keys=keys, today=today)
print(published.summary())
print(sorted(path.name for path in workspace.published.glob("*/*/*")))

# %% 9. Score everyone in scope today, with exact reasons and rosters that fit capacity
run = score(network, workspace, as_of=today, today=today, keys=keys)
print(run.summary())

# %% 10. One student on a roster, and why
part = run.runs[0]
first = next(row for row in part.scores.to_pylist() if row["is_listed"])
print(f"risk {first['risk']:.2f}, school {first['school_id']}, grade {first['grade']}")
for reason in part.in_words(first["reasons"]):
    print("+" if reason.direction == "raises" else "-", reason.text["fr"], "|", reason.text["en"])
