"""What the service says of itself is committed, and every route is honest about its refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from api.openapi import openapi_text


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    """Return the description as the code gives it."""
    found: dict[str, Any] = json.loads(openapi_text())
    return found


def test_the_committed_description_is_the_code_s(project: Path) -> None:
    """`api/openapi.json` equals what the code describes; `make openapi` writes it anew."""
    assert (project / "api" / "openapi.json").read_text(encoding="utf-8") == openapi_text()


def test_every_route_declares_its_problems(described: dict[str, Any]) -> None:
    """Each operation names its refusals, each as problem+json; those with a key name 401."""
    for path, operations in described["paths"].items():
        for operation in operations.values():
            refusals = {status: said for status, said in operation["responses"].items() if int(status) >= 400}
            assert {"400", "500"} <= set(refusals), path
            assert all(list(said["content"]) == ["application/problem+json"] for said in refusals.values())
            assert ("401" in refusals) == path.startswith("/v1"), path


def test_what_comes_in_is_closed_and_what_goes_out_is_whole(described: dict[str, Any]) -> None:
    """No schema takes unknown fields, and answers have no optional field."""
    asked = {"ScoreRequest"}
    for name, schema in described["components"]["schemas"].items():
        assert schema.get("additionalProperties") is False, name
        if name not in asked:
            assert set(schema.get("required", [])) == set(schema["properties"]), name


def test_every_answer_with_a_score_says_what_it_must(described: dict[str, Any]) -> None:
    """As-of date, age, version, reasons, contest and help-to-decide stand in each such schema."""
    schemas = described["components"]["schemas"]
    facts = {"as_of", "data_age_days", "model_version", "outcome"}

    assert all(facts <= set(schemas[name]["properties"]) for name in ("Risk", "Roster", "ScoreAnswer"))
    assert all("reasons" in schemas[name]["properties"] for name in ("Risk", "RosterEntry", "OnDemandScore"))
    for name in ("StudentRisks", "Roster", "ScoreAnswer"):
        assert {"decision_support", "contest"} <= set(schemas[name]["properties"])
