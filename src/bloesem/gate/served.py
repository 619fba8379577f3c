"""What this process may do at all: the plan in force, its own login, and what that login serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Literal

from bloesem.errors import GateError
from bloesem.gate.refusal import NotServed, UnknownPurpose
from bloesem.gate.secrets import Credentials
from bloesem.plan.model import Plan, PurposePlan, ScopedPlan, WriterPlan
from bloesem.plan.sql import gate as compiled


@dataclass(frozen=True)
class Grants:
    """The columns of one table that a role may read, fill at insert, and change."""

    read: frozenset[str] = frozenset()
    insert: frozenset[str] = frozenset()
    update: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Target:
    """What `purpose(key)` stands for: a purpose, a scoped role, or a writer. `name`: of role and schema."""

    key: str
    name: str
    kind: Literal["purpose", "scoped", "writer"]
    scope: str | None = None
    purpose: PurposePlan | None = None
    scoped: ScopedPlan | None = None
    writer: WriterPlan | None = None


def targets(plan: Plan) -> Mapping[str, Target]:
    """Everything that `purpose()` accepts; the list is closed (P-051)."""
    found = {p.key: Target(p.key, p.name, "purpose", purpose=p) for p in plan.purposes}
    for scoped in plan.scoped:
        of = plan.by_key.get(scoped.purpose) if scoped.purpose else None
        found[scoped.key] = Target(scoped.key, scoped.name, "scoped", scoped.scope, purpose=of, scoped=scoped)
    for writer in plan.writers:
        found[writer.key] = Target(writer.key, writer.key, "writer", writer=writer)
    return found


def search_path(plan: Plan, target: Target) -> list[str]:
    """Where the role finds its tables: the views of its own schema; a writer also the tables that it fills."""
    homes = {plan.table(name).schema for name in target.writer.tables} if target.writer else set()
    return [target.name, *sorted(homes), "pg_temp"]


@dataclass(frozen=True)
class Gate:
    """One login's view of the plan. Nothing here touches a database."""

    plan: Plan
    credentials: Credentials
    targets: Mapping[str, Target] = field(init=False, hash=False, compare=False)
    _grants: dict[tuple[str, str], Grants] = field(
        init=False, hash=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "targets", targets(self.plan))

    @property
    def login(self) -> str:
        return self.credentials.login

    @property
    def role(self) -> str:
        """The login's name in the cluster."""
        return self.plan.role(self.login)

    def resolve(self, key: str) -> Target:
        """Raises `UnknownPurpose` or `NotServed`: the process may not, whatever the database would say."""
        target = self.targets.get(key)
        if target is None:
            raise UnknownPurpose(
                f"`{key}` is no purpose of the policy of {self.plan.version}",
                "P-051: the list of purposes is closed",
                f"use one of: {', '.join(sorted(self.targets))}; a new purpose is a new version of the policy",
            )
        if target.purpose is not None and not target.purpose.active:
            raise UnknownPurpose(
                f"purpose `{target.purpose.key}` is not in force: {target.purpose.why_off or 'switched off'}",
                "P-051: only purposes that the policy allows today are for anything",
                "settle what is missing in the record, or use another purpose",
            )
        served = self.plan.processes.get(self.login, ())
        if key not in served:
            raise NotServed(
                f"the process `{self.login}` does not serve `{key}`",
                "a process is a member of the purposes that it serves, and of no other",
                f"`{self.login}` serves: {', '.join(served) or 'nothing'}; ask the process that serves `{key}`, "
                "or add it under `processes` in the record",
            )
        return target

    def grants(self, target: Target, table: str) -> Grants:
        """Of a table of the map; all of a reference table is read; anything else gives nothing."""
        cached = self._grants.get((target.key, table))
        if cached is None:
            cached = self._grants[(target.key, table)] = grants(self.plan, target, table)
        return cached


def grants(plan: Plan, target: Target, name: str) -> Grants:
    """What the compiled SQL grants to a role on a table."""
    table = plan.by_name.get(name)
    if table is None:
        for other in plan.open_tables:
            if other.name == name and other.holds == "reference" and target.kind != "writer":
                return Grants(frozenset(other.columns))
        return Grants()
    if target.kind == "writer" and target.writer is not None:
        if name not in target.writer.tables:
            return Grants()
        filled = list(target.writer.tables[name])
        if target.writer.adds_only:
            return Grants(insert=frozenset(filled))
        changed = [c for c in filled if c not in table.owners and c not in table.key]
        return Grants(frozenset(compiled.writer_reads(plan, table)), frozenset(filled), frozenset(changed))
    if target.kind == "scoped" and target.scoped is not None:
        seen = compiled.scoped_columns(plan, table, target.scoped)
        filled, changed = compiled.scoped_writable(plan, table, target.scoped)
        return Grants(frozenset(seen), frozenset(filled), frozenset(changed))
    if target.purpose is None or not target.purpose.active:
        return Grants()
    read = compiled.purpose_columns(plan, table, target.purpose)
    if not read or not target.purpose.writes:
        return Grants(frozenset(read))
    insert, update = compiled.writable(plan, table, target.purpose)
    return Grants(frozenset(read), frozenset(insert), frozenset(update))


# ---- the gate of this process ------------------------------------------------------------------------------------

_gates: dict[str, Gate] = {}


def configure(plan: Plan, credentials: Credentials, *, using: str = "default") -> Gate:
    """Called once, when a process starts: from now on `purpose()` works on Django's connection `using`.

    Raises `GateError` for the keeper's or the owner's credentials (a process that serves people never has them),
    and for a login that the record does not name.
    """
    require_process(plan, credentials.login)
    _gates[using] = Gate(plan, credentials)
    return _gates[using]


def forget(using: str = "default") -> None:
    """Undo `configure`."""
    _gates.pop(using, None)


def configured() -> bool:
    """Whether this process serves purposes: then it never acts as keeper."""
    return bool(_gates)


def gate_of(using: str = "default") -> Gate:
    """The gate of a connection. Where `configure` was not called, the setting BLOESEM_GATE names a function that
    returns (plan, credentials)."""
    found = _gates.get(using)
    if found is None:
        from django.conf import settings

        path = getattr(settings, "BLOESEM_GATE", None) if settings.configured or using == "default" else None
        if not path:
            raise GateError(
                f"connection `{using}` has no gate",
                "a process names its plan and its login before it reads anything",
                "call bloesem.gate.configure(plan, credentials) when the process starts",
            )
        module, _, name = str(path).rpartition(".")
        plan, credentials = getattr(import_module(module), name)()
        found = configure(plan, credentials, using=using)
    return found


def require_process(plan: Plan, login: str) -> None:
    """Raises `GateError` unless `login` is a process of the record: never the keeper, the owner or a superuser."""
    if login in ("keeper", "owner"):
        raise GateError(
            f"this process was given the credentials of the {login}",
            "the keeper passes by every row policy, so it never answers requests",
            f"start it as one of: {', '.join(sorted(plan.processes)) or '(the record names no process)'}",
        )
    if login not in plan.processes:
        raise GateError(
            f"`{login}` is no process of the record",
            "each process has a login of its own, with what it serves",
            f"start it as one of: {', '.join(sorted(plan.processes)) or '(the record names no process)'}",
        )
