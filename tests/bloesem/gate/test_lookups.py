"""Conditions on gated tables: those that an index answers under a row policy, and no other, in the ORM and in PostgreSQL."""

from __future__ import annotations

import ast
import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Lower, TruncDate
from hypothesis import given
from hypothesis import strategies as st
from tests.bloesem.gate.attack import acting
from tests.bloesem.gate.conftest import ROOT
from tests.bloesem.gate.world import World, opened
from tests.charging.databases import migrated
from tests.databases import Servers, chosen_versions, databases_on

from bloesem.company import load_plan
from bloesem.gate import NotLeakproof, purpose
from bloesem.gate.lookups import LEAKPROOF, require_leakproof
from bloesem.gate.served import targets
from charging.fields import fold_of, folded

REFUSED = [
    "iexact",
    "contains",
    "icontains",
    "startswith",
    "istartswith",
    "endswith",
    "iendswith",
    "regex",
    "iregex",
]


@pytest.mark.parametrize("lookup", REFUSED)
def test_a_lookup_that_is_not_leakproof_is_refused_when_its_sql_is_written(
    small_world: World, lookup: str
) -> None:
    using = small_world.alias("console")
    identity: Any = small_world.models["identity"]
    with purpose("support", using=using):
        query = identity.objects.using(using)
        for asked in (
            query.filter(**{f"name__{lookup}": "x"}),
            query.exclude(Q(id=1) | Q(**{f"name__{lookup}": "x"})),
        ):
            with pytest.raises(NotLeakproof, match=f"identity.name is asked for by `{lookup}`") as refused:
                list(asked)
            assert "leakproof" in refused.value.rule
            assert "value_norm" in refused.value.remedy
            with pytest.raises(NotLeakproof):
                asked.exists()
        with pytest.raises(NotLeakproof):
            query.filter(**{f"name__{lookup}": "x"}).update(name="y")


def test_a_function_of_a_column_is_refused_on_either_side(small_world: World) -> None:
    using = small_world.alias("console")
    identity: Any = small_world.models["identity"]
    with purpose("support", using=using):
        query = identity.objects.using(using)
        for asked in (
            query.annotate(small=Lower("name")).filter(small="x"),
            query.annotate(given=Value("x")).filter(given=Lower("name")),
            query.filter(id=F("person_id") + 1),
            query.annotate(day=TruncDate("recorded_at")).filter(day=dt.date(2026, 1, 1)),
            query.filter(recorded_at__date=dt.date(2026, 1, 1)),
        ):
            with pytest.raises(NotLeakproof):
                list(asked)


def test_what_is_leakproof_is_asked(small_world: World) -> None:
    using = small_world.alias("console")
    identity: Any = small_world.models["identity"]
    with purpose("support", using=using):
        query = identity.objects.using(using)
        one = query.exclude(name=None).first()
        assert one in query.filter(name=one.name)
        assert one in query.filter(
            name__starts_with=one.name[:5], id__gte=one.id, person_id__in=[one.person_id, 1]
        )
        assert not query.filter(name__starts_with="%").exists(), "no pattern: a prefix, letter by letter"
        assert one in query.filter(
            recorded_at__range=(dt.datetime(1990, 1, 1, tzinfo=dt.UTC), small_world.now())
        )
        groups = query.values("person_id").annotate(n=models.Count("id")).filter(n__gt=0)
        assert groups, "a condition on a sum is none on the table"


class Sorts(models.Model):
    amount = models.DecimalField(max_digits=9, decimal_places=2)
    inputs = models.JSONField()
    words = ArrayField(models.TextField())
    ratio = models.FloatField()
    day = models.DateField()
    parent = models.ForeignKey("self", models.DO_NOTHING)

    class Meta:
        app_label = "lookups"
        db_table = "sorts"

    def __str__(self) -> str:
        return "sorts"


@pytest.mark.parametrize(
    ("condition", "refused"),
    [
        (Q(amount=1), True),
        (Q(amount__gte=1), True),
        (Q(inputs={}), True),
        (Q(inputs__key=1), True),
        (Q(words=["x"]), True),
        (Q(words__contains=["x"]), True),
        (Q(day__month=1), True),
        (Q(amount__isnull=True), False),
        (Q(day__gte=dt.date(2026, 1, 1)), False),
        (Q(parent=1), False),
        (Q(parent__in=[1, 2]), False),
    ],
)
def test_types_whose_comparison_is_not_leakproof_are_refused(condition: Q, refused: bool) -> None:
    where: Any = Sorts._default_manager.filter(condition).query.where
    (lookup,) = where.children
    require_leakproof(lookup, set())  # another's table
    if refused:
        with pytest.raises(NotLeakproof):
            require_leakproof(lookup, {"sorts"})
    else:
        require_leakproof(lookup, {"sorts"})


# ---- no code asks so ---------------------------------------------------------------------------------------------------

#: Every look-up and transform that Django knows and the gate does not take: refused at run time, named here before.
UNTAKEN = {
    name
    for field in (
        models.TextField(),
        models.DateTimeField(),
        models.JSONField(),
        ArrayField(models.TextField()),
    )
    for name in field.get_lookups()
} - LEAKPROOF


def asked_wrongly(code: str) -> list[tuple[int, str]]:
    """Line and look-up of each condition in `code` (keywords of calls, and keys that are unpacked into one)."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call):
            continue
        names = [word.arg for word in node.keywords if word.arg]
        names += [
            key.value
            for word in node.keywords
            if word.arg is None and isinstance(word.value, ast.Dict)
            for key in word.value.keys
            if isinstance(key, ast.Constant) and isinstance(key.value, str)
        ]
        found += [
            (node.lineno, name)
            for name in names
            if "__" in name.strip("_") and set(name.split("__")[1:]) & UNTAKEN
        ]
    return found


def test_no_code_asks_for_what_the_gate_refuses() -> None:
    files = sorted((ROOT / "src").rglob("*.py"))
    assert len(files) > 100
    assert {str(file): wrong for file in files if (wrong := asked_wrongly(file.read_text()))} == {}


@pytest.mark.parametrize(
    "code",
    [
        "PersonName.objects.filter(family_name__icontains='x')",
        "Q(person__customer_number__iexact='x')",
        "rows.exclude(**{'value__startswith': 'x'})",
        "rows.filter(recorded_at__date=day)",
        "rows.filter(recorded_at__year__gte=2024)",
        "rows.filter(inputs__has_key='x')",
    ],
)
def test_the_lint_finds_them(code: str) -> None:
    assert asked_wrongly(code)
    assert not asked_wrongly(
        "rows.filter(value_norm='x', at__gte=day, person__id__in=[1], n__starts_with='x')"
    )


# ---- what PostgreSQL does with them ----------------------------------------------------------------------------------

MANY = 20_000


@pytest.fixture(scope="module")
def crowd(postgres_servers: Servers, request: pytest.FixtureRequest) -> Iterator[World]:
    """Blossom's tables with 20,000 people who may be served; their masks are written, since nobody is judged here."""
    today = dt.datetime.now(dt.UTC).date()
    with (
        databases_on(postgres_servers.get(chosen_versions(request.config)[0])) as make,
        (database := migrated(make())).connect(autocommit=True) as admin,
    ):
        plan = load_plan(ROOT / "company" / "blossom", on=today, prefix=database.role_prefix)
        world = World(plan, database, admin)
        world.put_in_force()
        admin.execute("SET session_replication_role = replica")
        masks = "used_for, kept_for, good_until"
        served = "-1::bigint & (1::bigint << 60) - 1, (1::bigint << 60) - 1, 'infinity'::timestamptz"
        rows = f"FROM generate_series(1, {MANY}) n"
        who = "n, n, now() - n * interval '1 hour', 'subject:contract'"
        admin.execute(
            f"INSERT INTO data.person_name (id, person_id, recorded_at, source, family_name, family_norm, {masks})"
            f" SELECT {who}, md5(n::text), md5(n::text), {served} {rows}"
        )
        admin.execute(
            f"INSERT INTO data.email_address (id, person_id, recorded_at, source, value, value_norm, {masks})"
            f" SELECT {who}, 'P' || n || '@post.example', 'p' || n || '@post.example', {served} {rows}"
        )
        admin.execute(
            f"INSERT INTO data.invoice (id, person_id, recorded_at, issued_on, amount_cents, {masks})"
            f" SELECT n, n, now(), date '2020-01-01' + n % 2000, n, {served} {rows}"
        )
        admin.execute("RESET session_replication_role")
        admin.execute("CREATE INDEX family_lower ON data.person_name (lower(family_name))")
        admin.execute("CREATE INDEX family_like ON data.person_name (family_name text_pattern_ops)")
        admin.execute("CREATE INDEX invoice_day ON data.invoice (issued_on)")
        admin.execute("ANALYZE data.person_name, data.email_address, data.invoice")
        with opened(world):
            yield world


def planned(world: World, key: str, query: str) -> str:
    """EXPLAIN of the query, as the login of the process that serves this purpose."""
    target = targets(world.plan)[key]
    with world.raw(world.login(key)) as connection, acting(world, connection, target):
        return "\n".join(row[0] for row in connection.execute("EXPLAIN " + query))


@pytest.mark.parametrize(
    ("key", "table", "condition", "index"),
    [
        ("support", "person_name", "id = 77", "person_name_pkey"),
        ("support", "person_name", "family_norm = 'abc'", "person_name_family"),
        ("support", "person_name", "starts_with(family_norm, 'abc')", "person_name_family"),
        ("support", "email_address", "value_norm = 'p77@post.example'", "email_address_norm"),
        ("billing", "invoice", "issued_on BETWEEN '2021-03-01' AND '2021-03-02'", "issued_on_idx"),
    ],
)
def test_a_leakproof_condition_uses_its_index_under_the_policy(
    crowd: World, key: str, table: str, condition: str, index: str
) -> None:
    plan = planned(crowd, key, f"SELECT id FROM {table} WHERE {condition}")
    assert index in plan
    assert "Index Cond" in plan
    assert "Seq Scan" not in plan
    assert "good_until" in plan, "the policy is asked as well"


@pytest.mark.parametrize("condition", ["lower(family_name) = 'abc'", "family_name LIKE 'abc%'"])
def test_a_condition_that_is_not_leakproof_reads_the_whole_table(crowd: World, condition: str) -> None:
    """There is an index for each, which the administrator uses: the policy alone forbids it, since a function that is
    not leakproof could tell of rows that the policy hides, by an error or a message."""
    query = f"SELECT id FROM {{}}person_name WHERE {condition}"
    assert "Seq Scan" in planned(crowd, "support", query.format(""))
    free = "\n".join(row[0] for row in crowd.admin.execute("EXPLAIN " + query.format("data.")))
    assert "Index Cond" in free


def test_support_finds_somebody_by_the_beginning_of_a_name(crowd: World) -> None:
    from charging.people.models import PersonName

    using = crowd.alias(crowd.login("support"))
    crowd.admin.execute("SELECT set_config('session_replication_role', 'replica', false)")
    crowd.admin.execute("UPDATE data.person_name SET family_norm = 'eeckhoute' WHERE id = 5")
    crowd.admin.execute("RESET session_replication_role")
    with purpose("support", using=using, actor="staff:bo") as opened_:
        found = PersonName.objects.using(using).filter(family_norm__starts_with=folded("Éeck"))
        assert [name.id for name in found] == [5]
        opened_.reads([5])


# ---- folding, twice ----------------------------------------------------------------------------------------------------


@given(st.text(st.characters(max_codepoint=0x24F, exclude_characters="\0"), max_size=12))
def test_python_and_postgresql_fold_alike(crowd: World, words: str) -> None:
    row = crowd.admin.execute(f"SELECT {fold_of('%s::text')}", [words]).fetchone()
    assert row is not None
    assert row[0] == folded(words)


def test_what_is_typed_without_accents_is_found() -> None:
    assert folded("Émile VAN DÉN Bÿsæ Øst") == "emile van den bysæ øst"


def test_the_table_itself_keeps_the_folded_name_beside_the_name(crowd: World) -> None:
    """By whatever statement a name is written, and gone with it."""
    number = 10**9
    crowd.admin.execute(
        "INSERT INTO data.person (id, recorded_at, source, kind, state, language) VALUES (%s, now(), 'assigned', 'driver',"
        " 'customer', 'nl')",
        [number],
    )
    crowd.admin.execute(
        "INSERT INTO data.account (id, person_id, recorded_at, source, opened_at) VALUES (%s, %s, now(), 'subject:contract', now())",
        [number, number],
    )

    def stored() -> Any:
        return crowd.admin.execute(
            "SELECT given_norm, family_norm FROM data.person_name WHERE person_id = %s", [number]
        ).fetchone()

    crowd.admin.execute(
        "INSERT INTO data.person_name (id, person_id, recorded_at, source, given_name, family_name, family_norm)"
        " VALUES (%s, %s, now(), 'subject:contract', 'Zoë', 'Nöel', 'x')",
        [number, number],
    )
    assert stored() == ("zoe", "noel")
    crowd.admin.execute("UPDATE data.person_name SET given_name = 'Chloé' WHERE person_id = %s", [number])
    assert stored() == ("chloe", "noel")
    crowd.admin.execute(
        "UPDATE data.person_name SET given_name = NULL, given_norm = 'x' WHERE person_id = %s", [number]
    )
    assert stored() == (None, "noel")
