"""Say what a training ran on: the versions of every library it may have used, and the commit of the code."""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import earlywarn

EXTRA = "train"
_SECONDS = 10


def installed_versions() -> dict[str, str]:
    """Return the version of every library that earlywarn and its training need, and what those need.

    Where earlywarn itself is not installed, that is every library there is.
    """
    from packaging.requirements import Requirement

    every = {_plain(one.name): one for one in metadata.distributions() if one.name}
    if "earlywarn" not in every:
        return {name: one.version for name, one in sorted(every.items())}
    found: dict[str, str] = {}
    waiting = [("earlywarn", frozenset({"", EXTRA}))]
    while waiting:
        name, extras = waiting.pop()
        for line in every[name].requires or ():
            needed = Requirement(line)
            own = _plain(needed.name)
            wanted = needed.marker is None or any(needed.marker.evaluate({"extra": one}) for one in extras)
            if wanted and own in every and own not in found:
                found[own] = every[own].version
                waiting.append((own, frozenset({"", *needed.extras})))
    return dict(sorted(found.items()))


def lock_text(versions: Mapping[str, str]) -> str:
    r"""Write versions as pip reads them.

    >>> lock_text({"numpy": "2.4.6"})
    'numpy==2.4.6\n'
    """
    return "".join(f"{name}=={version}\n" for name, version in versions.items())


def versions_from(lock: str) -> dict[str, str]:
    """Read what `lock_text` wrote."""
    return {name: version for name, _, version in (line.partition("==") for line in lock.splitlines())}


def version_differences(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return a sentence for each library that is not the one that trained.

    >>> version_differences({"numpy": "2.4.6", "shap": "0.51.0"}, {"numpy": "2.4.5"})
    ['numpy is 2.4.5, the run had 2.4.6', 'shap is not installed, the run had 0.51.0']
    """
    return [
        f"{name} is {now[name]}, the run had {version}"
        if name in now
        else f"{name} is not installed, the run had {version}"
        for name, version in before.items()
        if now.get(name) != version
    ]


def machine() -> dict[str, str]:
    """Return what else a run may depend on; nothing that names the machine or who uses it."""
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "architecture": platform.machine(),
        "earlywarn": earlywarn.__version__,
    }


def commit_tags() -> dict[str, str]:
    """Return the commit of the code, and whether it was changed since; nothing outside a checkout."""
    folder = Path(earlywarn.__file__).resolve().parent
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit or not _git(folder, "ls-files", "__init__.py"):
        # An installed package may lie inside a checkout of something else.
        return {}
    changed = bool(_git(folder, "status", "--porcelain", "--untracked-files=no", "."))
    return {"mlflow.source.git.commit": commit, "earlywarn.code_changed_since_commit": str(changed).lower()}


def _git(folder: Path, *arguments: str) -> str:
    program = shutil.which("git")
    if program is None:
        return ""
    try:
        answer = subprocess.run(  # noqa: S603 - git alone, on this package's own folder
            [program, "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
