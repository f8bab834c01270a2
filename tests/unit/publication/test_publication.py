"""A published folder is what was signed, and answers as LightGBM does."""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import sys
from datetime import date
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from earlywarn.errors import DamagedModelError, PublicationError
from earlywarn.publication import (
    PublishedModel,
    current_version,
    load_current,
    load_published,
    public_key,
    published_models,
    roll_back,
    signing_key,
    write_published,
)
from earlywarn.publication.manifest import signed_manifest
from earlywarn.scoring import Budget, score_values
from earlywarn.workspace import Workspace
from tests.builders.published import Bundle, example_rows, write_bundle

DAY = date(2026, 11, 20)


def publish(bundle: Path, home: Path, version: str = "1", budget: Budget | None = None) -> PublishedModel:
    """Publish a bundle into a home of workspace and keys."""
    return write_published(
        bundle, Workspace(home / "w"), version=version, keys=home / "keys", created_on=DAY, budget=budget
    )


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """One trained bundle for all tests."""
    return write_bundle(tmp_path_factory.mktemp("trained") / "bundle", n_rounds=5)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, bundle: Bundle) -> Path:
    """A home with one published version; tests copy it before they harm it."""
    home = tmp_path_factory.mktemp("home")
    publish(bundle.folder, home)
    return home


@pytest.fixture
def folder(home: Path, tmp_path: Path) -> Path:
    """A copy of the published folder that a test may harm."""
    return Path(shutil.copytree(home / "w" / "published" / "dropout", tmp_path / "dropout")) / "1"


@pytest.fixture
def key(home: Path) -> Ed25519PublicKey:
    """The key that verifies."""
    return public_key(home / "keys")


def test_a_model_from_before_ranges_is_still_served(bundle: Bundle, tmp_path: Path) -> None:
    """Its folder loads, and its risks are the same, without bounds."""
    older = Path(shutil.copytree(bundle.folder, tmp_path / "bundle"))
    (older / "risk_range.json").unlink()

    model, rows = publish(older, tmp_path), example_rows(5)
    scores = score_values(model, rows)

    assert [one.risk for one in scores] == model.risks(model.margins(rows)).tolist()
    assert {(one.risk_low, one.risk_high) for one in scores} == {(None, None)}


def test_scores_are_lightgbm_s(bundle: Bundle, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Seeds averaged and lines added, margins equal LightGBM's and plain arithmetic's within 1e-9."""
    model = load_current(Workspace(home / "w"), "dropout", public_key(home / "keys"))
    rows = example_rows(3000, seed=8)
    attributions = model.attributions(rows)

    apart = np.abs(model.margins(rows) - bundle.margins(rows)).max()
    error = np.abs(model.base + attributions.sum(axis=1) - bundle.margins(rows)).max()

    assert max(apart, error) <= 1e-9
    with capsys.disabled():
        print(f"\npublished model: 3000 rows, largest additivity error {error:.1e}")  # noqa: T201


KNOTS, HEIGHTS = [50.0, 65.0, 85.0], [0.9, 0.1, -0.4]
CURVE: dict[str, object] = {
    "feature": "marks__mean__period",
    "knots": KNOTS,
    "heights": HEIGHTS,
    "missing_coefficient": 0.3,
    "missing_share": 0.2,
}


def _with_parts(bundle: Bundle, folder: Path, **changes: object) -> Path:
    """Return a copy of a bundle whose model.json is of the second format, with changes."""
    copied = Path(shutil.copytree(bundle.folder, folder))
    content = json.loads((copied / "model.json").read_bytes())
    content |= {"format": 2, "kind": "blend", "linear": content["linear"][:1], **changes}
    (copied / "model.json").write_text(json.dumps(content), encoding="utf-8")
    return copied


def test_curves_and_lighter_trees_are_published_exactly(bundle: Bundle, tmp_path: Path) -> None:
    """Trees at 0.4 beside a line and a curve: margins are plain arithmetic's, and attributions add up."""
    folder = _with_parts(bundle, tmp_path / "blend", curves=[CURVE], tree_weight=0.4)
    rows = example_rows(500, seed=8)
    marks, absences = rows[:, 5], rows[:, 1]
    trees = np.mean([one.predict(rows, raw_score=True, num_threads=1) for one in bundle.boosters], axis=0)
    term = bundle.linear[0]
    line = float(term["coefficient"]) * (absences - float(term["mean"])) / float(term["scale"])
    curve = np.where(np.isnan(marks), 0.3, np.interp(marks, KNOTS, HEIGHTS))

    model = publish(folder, tmp_path)

    assert model.margins(rows) == pytest.approx(-0.25 + line + curve + 0.4 * trees, abs=1e-9)
    own = model.attributions(rows)[:, 5]
    contributed = np.mean([one.predict(rows, pred_contrib=True) for one in bundle.boosters], axis=0)
    assert own == pytest.approx(curve - 0.3 * 0.2 + 0.4 * contributed[:, 5], abs=1e-9)


@pytest.mark.parametrize(
    "harm",
    [
        {"knots": [50.0, 85.0, 65.0]},
        {"heights": [0.9, 0.1]},
        {"heights": [0.9, float("inf"), 0.0]},
        {"feature": "shoe_size"},
    ],
    ids=["falling knots", "a height too few", "no number", "no feature"],
)
def test_a_curve_that_is_none_is_damage(bundle: Bundle, tmp_path: Path, harm: dict[str, object]) -> None:
    """Whatever is not a whole curve of a known feature is refused before anything is written."""
    folder = _with_parts(bundle, tmp_path / "blend", curves=[{**CURVE, **harm}])

    with pytest.raises(DamagedModelError):
        publish(folder, tmp_path)
    assert not (tmp_path / "w" / "published").exists()


def test_a_signed_manifest_says_how_it_was_checked(folder: Path) -> None:
    """The manifest names network, model, version, day, every file and the largest gap to LightGBM."""
    manifest = json.loads((folder / "manifest.json").read_bytes())

    assert (manifest["network"], manifest["model"], manifest["version"]) == ("quebec", "dropout", "1")
    assert manifest["created_on"] == "2026-11-20"
    assert manifest["largest_difference_from_lightgbm"] <= 1e-10
    assert manifest["leaf_tables"]["is_within_budget"]
    assert manifest["files"]["CARD.md"]["sha256"] == sha256(b"# Card\n").hexdigest()


@pytest.mark.parametrize(
    ("budget", "is_within", "in_parts"),
    [
        (Budget(), True, False),
        (Budget(most_bytes=30_000), True, True),
        (Budget(most_bytes=1000), False, True),
        (Budget(most_steps=50), False, False),
    ],
)
def test_explanations_keep_to_their_budget_and_stay_exact(
    bundle: Bundle, home: Path, tmp_path: Path, budget: Budget, is_within: bool, in_parts: bool
) -> None:
    """Tables are cut until they fit; the manifest says what was done, and whether it was enough."""
    rows = example_rows(50, seed=8)
    plain = load_current(Workspace(home / "w"), "dropout", public_key(home / "keys"))

    model = publish(bundle.folder, tmp_path, budget=budget)

    folder = tmp_path / "w" / "published" / "dropout" / "1"
    told = json.loads((folder / "manifest.json").read_bytes())["leaf_tables"]
    assert told["budget"] == {"bytes": budget.most_bytes, "steps_of_a_row": budget.most_steps}
    assert (told["is_within_budget"], told["groups_read_in_parts"] > 0) == (is_within, in_parts)
    assert (told["bytes"], told["steps_of_a_row"]) == (model.tables.n_bytes, model.tables.n_steps)
    assert np.abs(model.attributions(rows) - plain.attributions(rows)).max() <= 1e-12
    assert np.abs(model.margins(rows) - bundle.margins(rows)).max() <= 1e-9


def test_one_flipped_bit_anywhere_is_damage(folder: Path, key: Ed25519PublicKey) -> None:
    """A bit flipped in any file, signature and manifest included, is refused."""
    chance = np.random.default_rng(2)
    for path in sorted(folder.rglob("*.*")):
        whole = path.read_bytes()
        for _ in range(12 if whole else 0):
            harmed = bytearray(whole)
            harmed[int(chance.integers(len(whole)))] ^= 1 << int(chance.integers(8))
            path.write_bytes(harmed)
            with pytest.raises(DamagedModelError):
                load_published(folder, key)
        path.write_bytes(whole)

    assert load_published(folder, key).version == "1"


def test_a_cut_file_is_damage(folder: Path, key: Ed25519PublicKey) -> None:
    """A file cut anywhere is refused, and so is one that is gone."""
    for path in sorted(folder.rglob("*.*")):
        whole = path.read_bytes()
        for length in {0, len(whole) // 2, len(whole) - 1} - {len(whole), -1}:
            path.write_bytes(whole[:length])
            with pytest.raises(DamagedModelError):
                load_published(folder, key)
        path.unlink()
        with pytest.raises(DamagedModelError):
            load_published(folder, key)
        path.write_bytes(whole)


@pytest.mark.parametrize("name", ["evil.pkl", "model.skops", "more.json", "declarations/x.toml"])
def test_an_extra_file_is_damage(folder: Path, key: Ed25519PublicKey, name: str) -> None:
    """A file that was not signed is refused, whatever it is, and nothing in it runs."""
    (folder / name).write_bytes(pickle.dumps({"a": 1}))

    with pytest.raises(DamagedModelError, match="other files"):
        load_published(folder, key)


@pytest.mark.parametrize(
    "name", ["../outside.json", "/etc/passwd.json", "a/../model.json", "x.pkl", "C:\\a.json", "."]
)
def test_a_signed_manifest_cannot_lead_outside(folder: Path, home: Path, name: str) -> None:
    """Even with our signature, a name that leads out of the folder or could run is refused."""
    (folder.parent / "outside.json").write_bytes(b"{}")
    signed = signed_manifest({name: b"{}"}, {"model": "dropout"}, signing_key(home / "keys"))
    for file, content in signed.items():
        (folder / file).write_bytes(content)

    with pytest.raises(DamagedModelError, match="may hold"):
        load_published(folder, public_key(home / "keys"))


def test_a_link_is_damage(folder: Path, key: Ed25519PublicKey) -> None:
    """A file replaced by a link to the same bytes is refused."""
    card = folder / "CARD.md"
    card.rename(folder.parent / "card.md")
    card.symlink_to(folder.parent / "card.md")

    with pytest.raises(DamagedModelError):
        load_published(folder, key)


def test_another_signature_is_refused(folder: Path, tmp_path: Path) -> None:
    """A folder that somebody else signed is refused."""
    signing_key(tmp_path / "other")

    with pytest.raises(DamagedModelError, match="not ours"):
        load_published(folder, public_key(tmp_path / "other"))


def test_a_folder_cannot_pass_for_another_version(folder: Path, key: Ed25519PublicKey) -> None:
    """The right signature on another version's folder is refused."""
    moved = folder.rename(folder.with_name("2"))

    with pytest.raises(DamagedModelError, match="another model or version"):
        load_published(moved, key)


def test_wrong_golden_answers_are_refused(folder: Path, home: Path) -> None:
    """A signed folder whose golden rows get other scores is refused."""
    golden = json.loads((folder / "golden.json").read_bytes())
    golden["margins"][3] += 1e-6
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*.*")
        if not path.name.startswith("manifest")
    }
    files["golden.json"] = json.dumps(golden).encode()
    signed = signed_manifest(files, {"model": "dropout", "version": "1"}, signing_key(home / "keys"))
    for name, content in (files | signed).items():
        (folder / name).write_bytes(content)

    with pytest.raises(DamagedModelError, match="golden"):
        load_published(folder, public_key(home / "keys"))


def test_golden_rows_are_no_student_s(folder: Path) -> None:
    """Each golden value is a decile of its feature, taken apart from the others."""
    golden = json.loads((folder / "golden.json").read_bytes())
    quantiles = json.loads((folder / "quantiles.json").read_bytes())

    assert len(golden["rows"]) == 36
    for row in golden["rows"]:
        for value, entry in zip(row, quantiles.values(), strict=True):
            assert value is None or value in entry["q"]


def test_versions_swap_and_roll_back(bundle: Bundle, home: Path, tmp_path: Path) -> None:
    """A new version takes over, rolling back returns to the one before, a damaged one never takes over."""
    shutil.copytree(home, tmp_path / "home")
    workspace, keys = Workspace(tmp_path / "home" / "w"), tmp_path / "home" / "keys"
    publish(bundle.folder, tmp_path / "home", "2")
    assert current_version(workspace, "dropout") == "2"

    assert roll_back(workspace, "dropout", public_key(keys)) == "1"
    assert current_version(workspace, "dropout") == "1"
    (workspace.published / "dropout" / "2" / "CARD.md").write_text("other")
    with pytest.raises(DamagedModelError):
        roll_back(workspace, "dropout", public_key(keys), to="2")
    assert current_version(workspace, "dropout") == "1"
    assert published_models(workspace) == ("dropout",)


def test_a_version_is_written_once(bundle: Bundle, home: Path, tmp_path: Path) -> None:
    """The same bundle again changes nothing; other content under the same version is refused, whole."""
    shutil.copytree(home, tmp_path / "home")
    folder = tmp_path / "home" / "w" / "published" / "dropout"
    before = (folder / "1" / "manifest.json").read_bytes()
    other = Path(shutil.copytree(bundle.folder, tmp_path / "bundle"))
    (other / "CARD.md").write_text("# Another\n")

    assert publish(bundle.folder, tmp_path / "home").version == "1"
    with pytest.raises(PublicationError, match="already"):
        publish(other, tmp_path / "home")

    assert (folder / "1" / "manifest.json").read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == ["1", "current"]


def test_a_bundle_with_a_pickle_is_not_published(bundle: Bundle, tmp_path: Path) -> None:
    """Training cannot smuggle a pickle into a published folder."""
    shutil.copytree(bundle.folder, tmp_path / "bundle")
    (tmp_path / "bundle" / "model.pkl").write_bytes(pickle.dumps(1))

    with pytest.raises(PublicationError, match="must not be published"):
        publish(tmp_path / "bundle", tmp_path)


def test_trees_with_features_in_another_order_are_refused(bundle: Bundle, tmp_path: Path) -> None:
    """Columns are matched by position, so the trees' own names must stand in the model's order."""
    shutil.copytree(bundle.folder, tmp_path / "bundle")
    path = tmp_path / "bundle" / "trees_0.txt"
    text = path.read_text().replace("absences__sum__30d ", "late__share__period ", 1)
    path.write_text(text)

    with pytest.raises(DamagedModelError, match="another order"):
        publish(tmp_path / "bundle", tmp_path)


def test_a_linear_model_needs_no_trees(tmp_path: Path) -> None:
    """A logistic regression is published and explained by the same code."""
    bundle = write_bundle(tmp_path / "bundle", n_seeds=0)

    model = publish(bundle.folder, tmp_path)

    rows = example_rows(50, seed=1)
    assert np.abs(model.margins(rows) - bundle.margins(rows)).max() <= 1e-12


def test_keys_are_the_owner_s_alone(tmp_path: Path) -> None:
    """The private key is made on first use with rights for its owner only, and refused when opened up."""
    first = signing_key(tmp_path / "keys").private_bytes_raw()
    path = tmp_path / "keys" / "signing.key"

    assert path.stat().st_mode & 0o777 == 0o600
    assert signing_key(tmp_path / "keys").private_bytes_raw() == first
    path.chmod(0o644)
    with pytest.raises(PublicationError, match="chmod 600"):
        signing_key(tmp_path / "keys")


def test_loading_needs_no_training_library_and_unpickles_nothing(home: Path) -> None:
    """A fresh process loads and scores without LightGBM, scikit-learn, pandas, shap, MLflow or a pickle."""
    program = """
import sys
def refuse(event, args):
    if event == "pickle.find_class":
        raise SystemExit("unpickled")
sys.addaudithook(refuse)
from pathlib import Path
import numpy as np
from earlywarn.publication import load_current, public_key
from earlywarn.scoring import Budget, score_values
from earlywarn.workspace import Workspace
home = Path(sys.argv[1])
model = load_current(Workspace(home / "w"), "dropout", public_key(home / "keys"))
assert score_values(model, np.ones((2, 8)))[0].risk > 0
heavy = {"lightgbm", "sklearn", "pandas", "shap", "mlflow", "scipy", "sqlalchemy", "matplotlib", "numba"}
print(sorted(heavy & set(sys.modules)))
"""
    answer = subprocess.run(
        [sys.executable, "-c", program, str(home)], capture_output=True, text=True, check=False, timeout=60
    )

    assert (answer.stdout.strip(), answer.returncode) == ("[]", 0), answer.stderr
