"""A process serves only models that it has itself checked."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from api.settings import ServiceSettings
from api.starting import checked_models
from earlywarn.publication import write_published
from earlywarn.workspace import Workspace
from tests.builders.published import write_bundle


def test_a_damaged_model_is_left_out_and_named(tmp_path: Path) -> None:
    """One byte changed in a published folder: the model is not served, and the process knows which."""
    workspace, keys = Workspace(tmp_path / "w"), tmp_path / "keys"
    settings = ServiceSettings(network=tmp_path, home=workspace.home, keys=keys)
    assert checked_models(settings, workspace) == ({}, ())
    for name in ("dropout", "difficulty"):
        bundle = write_bundle(tmp_path / name, model=name, n_seeds=0)
        write_published(bundle.folder, workspace, version="1", keys=keys, created_on=date(2026, 11, 20))
    card = workspace.published / "dropout" / "1" / "CARD.md"
    card.write_bytes(card.read_bytes() + b" ")

    models, refused = checked_models(settings, workspace)

    assert (list(models), refused) == (["difficulty"], ("dropout",))
