"""Keeps processes running together: one ends, all end; Ctrl-C ends all, and leaves none behind."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from bloesem.errors import StoreError

HOST = "127.0.0.1"
STOP_SECONDS = 10.0


class StoppedError(Exception):
    """Somebody asked for the end."""


@dataclass(frozen=True)
class Process:
    """A module with its arguments, what it may know, and where it writes what it says."""

    name: str
    module: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    log: Path


@dataclass
class Supervisor:
    """Started processes, in order; stopped in the other."""

    running: list[tuple[Process, subprocess.Popen[bytes]]] = field(default_factory=list)

    def start(self, process: Process) -> None:
        """Starts it in a session of its own: a Ctrl-C reaches us, and we end it in order."""
        with process.log.open("ab") as log:
            done = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "bloesem.running.child",
                    str(os.getpid()),
                    process.module,
                    *process.arguments,
                ],
                env=dict(process.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.running.append((process, done))

    def check(self) -> None:
        """raises: StoreError when a process has ended by itself."""
        for process, running in self.running:
            code = running.poll()
            if code is not None:
                raise StoreError(
                    f"the process {process.name} ended by itself ({_how(code)}): {_last_line(process.log)}",
                    rule="the parts of the system run together or not at all",
                    remedy=f"see {process.log}, then start again; nothing of the data is lost",
                )

    def wait_for(self, port: int, seconds: float = 30.0) -> None:
        """Until something answers on the port. raises: StoreError when a process ends before, or it takes too long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.check()
            with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=0.5):
                return
            time.sleep(0.05)
        raise StoreError(
            f"nothing answers on port {port} after {seconds:.0f} s",
            rule="the pages are ready before the address is printed",
            remedy=f"see the logs in {self.running[0][0].log.parent}" if self.running else "start again",
        )

    def watch(self, anew: Callable[[], bool] = lambda: False) -> None:
        """Until `anew` says that the processes must begin anew, somebody asks for the end (StoppedError) or a process ends
        (StoreError)."""
        while not anew():
            self.check()
            time.sleep(0.5)

    def stop(self) -> None:
        """Asks all to end, last started first; kills what does not."""
        for _, running in reversed(self.running):
            _signal(running, signal.SIGTERM)
        until = time.monotonic() + STOP_SECONDS
        for _, running in reversed(self.running):
            try:
                running.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal(running, signal.SIGKILL)
                running.wait()
        self.running.clear()


def _signal(running: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """To the process and all that it started: it leads a session of its own."""
    if running.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, number)


@contextlib.contextmanager
def asked_to_stop() -> Iterator[None]:
    """Inside, Ctrl-C and SIGTERM raise StoppedError, once; what comes while stopping is not heard."""
    heard = False

    def hear(number: int, frame: FrameType | None) -> None:
        nonlocal heard
        if not heard:
            heard = True
            raise StoppedError(signal.Signals(number).name)

    names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {name: signal.signal(name, hear) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def free_port(wanted: int | None, first: int = 8000) -> int:
    """The port asked for, or the first free one from 8000 on. raises: StoreError when it is taken."""
    for port in [wanted] if wanted is not None else range(first, first + 50):
        if _is_free(port):
            return port
    raise StoreError(
        f"port {wanted} is taken" if wanted is not None else f"no port from {first} to {first + 49} is free",
        rule="the pages need a port of this machine",
        remedy="leave --port out: the next free one is taken"
        if wanted is not None
        else "name a free one: --port N",
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            return False
    return True


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def _last_line(log: Path) -> str:
    lines = (
        [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        if log.exists()
        else []
    )
    return lines[-1].strip()[:200] if lines else "it said nothing"
