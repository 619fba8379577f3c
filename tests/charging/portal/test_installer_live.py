"""An installer's jobs, as page and as API: only their own, only while they are open, assigned and allowed; each recorded once."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from tests.bloesem.console.stage import BLOSSOM, build
from tests.charging.portal.programs import Said, ask, wrong
from tests.charging.portal.site import STAFF, Site, served
from tests.databases import Database

from bloesem.gate.ids import new_id
from bloesem.plan.sql.runtime import clock_functions

#: The smallest picture: a JPEG with a position in its Exif, and a thumbnail.
EXIF = b"\xff\xe1\x00\x16Exif\x00\x00GPS 51.02 4.47"
PICTURE = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    + EXIF
    + b"\xff\xda\x00\x08\x01\x01\x00\x00?\x00\x12\xff\x00\x34\xff\xd9trailing secret"
)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company's files, to change while the pages run."""
    home = tmp_path_factory.mktemp("company")
    shutil.copytree(BLOSSOM.parent, home / "company")
    shutil.copytree(BLOSSOM.parents[1] / "law", home / "law")
    return home / "company" / "blossom"


@pytest.fixture(scope="module")
def site(
    module_database: Database, company: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    stage = build(module_database, tmp_path_factory.mktemp("doors"), 80, everybody=True)
    with served(stage, tmp_path_factory.mktemp("site"), BLOESEM_COMPANY=str(company)) as running:
        yield running


def sql(site: Site, query: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with site.stage.database.connect(autocommit=True) as admin:
        cursor = admin.execute(query.encode(), values)
        return cursor.fetchall() if cursor.description else []


def token(site: Site, role: str = "installer", *, days: int = 30, revoked: bool = False) -> str:
    """A token of that account, as its page would make it."""
    plain = f"bloesem_{new_id()}"
    sql(
        site,
        "INSERT INTO signin.signin_token (id, user_id, digest, label, created_at, expires_at, revoked_at)"
        " SELECT %s, a.id, %s, 'test', now(), now() + make_interval(days => %s), CASE WHEN %s THEN now() END"
        " FROM signin.signin_account a WHERE a.email = %s",
        [new_id(), hashlib.sha256(plain.encode()).digest(), days, revoked, STAFF[role]],
    )
    return plain


def get(site: Site, path: str, plain: str | None = None, **more: Any) -> Said:
    return ask(f"{site.portal}/api/v1/{path}", plain, **more)


@pytest.fixture
def good(site: Site) -> str:
    return token(site)


def job_of(site: Site, good: str) -> dict[str, Any]:
    said = get(site, "installer/jobs", good)
    assert said.status == 200, said
    assert said.body["jobs"]
    found: dict[str, Any] = said.body["jobs"][0]
    return found


def disclosures(site: Site, job: int) -> list[tuple[Any, ...]]:
    return sql(
        site,
        "SELECT d.recipient, d.purpose, g.person_id, g.table_name, g.columns FROM bloesem.disclosure d"
        " JOIN bloesem.disclosed g ON g.disclosure_id = d.id WHERE d.assignment = %s ORDER BY d.id",
        [f"job-{job}"],
    )


@pytest.mark.promise("P-114")
def test_the_list_has_what_the_job_needs_as_described_and_is_recorded_once(site: Site, good: str) -> None:
    said = get(site, "installer/jobs", good)
    described = get(site, "openapi.json").body
    schemas = described["components"]["schemas"]
    assert not wrong(said.body, schemas["Jobs"], schemas)
    assert wrong({"jobs": [{**said.body["jobs"][0], "name": "Ann"}]}, schemas["Jobs"], schemas), "it can fail"
    assert "set-cookie" not in said.headers
    assert said.headers["cache-control"] == "no-store"
    job = said.body["jobs"][0]
    person, street, phone = sql(
        site,
        "SELECT f.person_id, a.street, p.value FROM data.installation_file f JOIN data.address a USING (person_id)"
        " JOIN data.phone_number p USING (person_id) WHERE f.job_id = %s ORDER BY a.recorded_at DESC, p.recorded_at DESC",
        [job["number"]],
    )[0]
    assert (job["address"]["street"], job["phone"]) == (street, phone)
    first = disclosures(site, job["number"])
    assert {(row[0], row[1], row[2]) for row in first} == {("voltwacht", "after_sales", person)}
    assert {row[3]: set(row[4]) for row in first}["phone_number"] == {"value"}
    assert [row[3] for row in first] == ["address", "installation_file", "phone_number"]
    get(site, "installer/jobs", good)
    assert disclosures(site, job["number"]) == first, "a poll that gives the same writes down nothing more"
    sql(site, "UPDATE data.phone_number SET value = '+32 470 99 99 99' WHERE person_id = %s", [person])
    assert job_of(site, good)["phone"] == "+32 470 99 99 99"
    assert [row[3] for row in disclosures(site, job["number"])[len(first) :]] == ["phone_number"]


@pytest.mark.parametrize(
    ("case", "kind"),
    [
        ("none", "token-missing"),
        ("forged", "token-unknown"),
        ("expired", "token-expired"),
        ("revoked", "token-revoked"),
    ],
)
def test_without_a_good_token_nothing(site: Site, good: str, case: str, kind: str) -> None:
    plain = {"none": None, "forged": good[:-1] + ("1" if good[-1] != "1" else "2")}.get(case)
    if case in ("expired", "revoked"):
        plain = token(site, days=-1 if case == "expired" else 30, revoked=case == "revoked")
    said = get(site, "installer/jobs", plain)
    assert (said.status, said.headers["content-type"]) == (401, "application/problem+json")
    assert said.body["type"] == f"urn:bloesem:problem:{kind}"
    assert "Bearer" in said.headers["www-authenticate"]
    assert good not in str(said)
    in_the_address = ask(f"{site.portal}/api/v1/installer/jobs?access_token={good}")
    assert in_the_address.status == 401, "a token in an address is none"


@pytest.mark.promise("P-114")
def test_another_installers_job_and_another_roles_address_do_not_exist(site: Site, good: str) -> None:
    mine = {one["number"] for one in get(site, "installer/jobs", good).body["jobs"]}
    others = [row[0] for row in sql(site, "SELECT job_id FROM data.installation_file") if row[0] not in mine]
    assert others
    for number in (*others[:3], 0, 2**62):
        for said in (
            get(site, f"installer/jobs/{number}", good),
            get(site, f"installer/jobs/{number}/report", good, form={"progress": "installed"}),
        ):
            assert (said.status, said.body["type"]) == (404, "urn:bloesem:problem:missing")
    assert get(site, "hems/sessions", good).status == 404
    assert get(site, "installer/jobs", token(site, "hems")).status == 404
    assert get(site, "nothing/here", good).status == 404
    assert get(site, "installer/jobs", good, method="DELETE").status == 405


def test_a_report_is_written_down_and_its_picture_is_cleaned(site: Site, good: str) -> None:
    number = job_of(site, good)["number"]
    path = f"installer/jobs/{number}/report"
    for form, image in (
        ({}, None),
        ({"progress": "closed"}, None),
        ({"main_fuse_ampere": "4000"}, None),
        ({"progress": "installed", "progress_on": "2999-01-01"}, None),
        ({"shows": "report"}, PICTURE),
        ({"shows": "report", "others_in_picture": "no"}, b"GIF89a"),
        ({"shows": "report", "others_in_picture": "no"}, PICTURE[:30]),
    ):
        said = get(site, path, good, form=form, image=image)
        assert (said.status, said.headers["content-type"]) == (422, "application/problem+json"), form
    before = sql(site, "SELECT count(*) FROM data.installation_photo WHERE job_id = %s", [number])[0][0]
    form = {
        "progress": "installed",
        "grid": "3x230",
        "digital_meter": "no",
        "shows": "report",
        "others_in_picture": "no",
    }
    assert get(site, path, good, form=form, image=PICTURE).status == 204
    file = sql(
        site, "SELECT progress, grid, digital_meter FROM data.installation_file WHERE job_id = %s", [number]
    )
    assert file == [("installed", "3x230", False)]
    photos = sql(
        site,
        "SELECT image, source, metadata_removed FROM data.installation_photo WHERE job_id = %s ORDER BY id DESC",
        [number],
    )
    assert len(photos) == before + 1
    image = bytes(photos[0][0])
    assert (photos[0][1:], image[:2], image[-2:]) == (
        ("observed:verwerker:voltwacht", True),
        b"\xff\xd8",
        b"\xff\xd9",
    )
    assert b"GPS" not in image
    assert b"secret" not in image
    assert b"\x12\xff\x00\x34" in image
    said = get(site, f"installer/jobs/{number}", good)
    schemas = get(site, "openapi.json").body["components"]["schemas"]
    assert not wrong(said.body, schemas["JobWithPhotos"], schemas)
    assert len(said.body["photos"]) == before + 1


@pytest.mark.parametrize("how", ["closed", "restricted", "last-day", "not-assigned"])
@pytest.mark.promise("P-114")
def test_a_job_that_ends_between_list_and_read_is_gone_at_once(site: Site, good: str, how: str) -> None:
    jobs = get(site, "installer/jobs", good).body["jobs"]
    number = jobs[-1]["number"]
    person = sql(site, "SELECT person_id FROM data.installation_file WHERE job_id = %s", [number])[0][0]
    undo = {
        "closed": "UPDATE data.installation_file SET progress = 'online' WHERE job_id = %s",
        "restricted": "SELECT 1 WHERE %s > 0",
        "last-day": "UPDATE signin.signin_reach SET until = current_date + 60 WHERE number = %s",
        "not-assigned": "UPDATE signin.signin_reach SET until = current_date + 60 WHERE number = %s",
    }[how]
    if how == "closed":
        sql(site, "UPDATE data.installation_file SET progress = 'closed' WHERE job_id = %s", [number])
    elif how == "restricted":
        sql(site, "SELECT bloesem.record_fact(%s, 'restriction', 'accuracy', now())", [person])
    elif how == "last-day":
        sql(site, "UPDATE signin.signin_reach SET until = current_date - 1 WHERE number = %s", [number])
    else:
        sql(site, "UPDATE signin.signin_reach SET until = NULL WHERE number = %s", [number])
    try:
        said = get(site, f"installer/jobs/{number}", good)
        report = get(site, f"installer/jobs/{number}/report", good, form={"progress": "installed"})
        if how in ("closed", "restricted"):
            assert (said.status, report.status) == (404, 404)
        else:
            assert (said.status, report.status, said.body["type"]) == (
                403,
                403,
                "urn:bloesem:problem:refused",
            )
            assert "P-114" in said.body["rule"]
            assert said.body["remedy"]
        assert number not in {one["number"] for one in get(site, "installer/jobs", good).body["jobs"]}
    finally:
        sql(site, undo, [number])
        sql(
            site,
            "SELECT bloesem.close_fact(id, now()) FROM bloesem.fact WHERE kind = 'restriction' AND person_id = %s AND ends_at IS NULL",
            [person],
        )
    if how != "restricted":
        assert number in {one["number"] for one in get(site, "installer/jobs", good).body["jobs"]}


@pytest.mark.promise("P-127")
def test_a_contract_or_diligence_that_lapsed_refuses_with_thing_rule_and_remedy(
    site: Site, good: str, company: Path
) -> None:
    file = company / "record" / "recipients.yaml"
    was = file.read_text(encoding="utf-8")
    yesterday = dt.date.today() - dt.timedelta(days=1)  # noqa: DTZ011
    head, tail = was.split("  peeters:", 1)
    for changed, rule in (
        (head.replace("valid_until: 2028-08-31", f"valid_until: {yesterday}"), "P-127"),
        (head.replace("audit: clause 10", 'audit: ""'), "P-127"),
        (
            head.replace(
                "fields: [identification.name, identification.address, ", "fields: [identification.name, "
            ),
            "P-125",
        ),
        (
            head.replace("diligence: &looked {done: 2026-09-01", "diligence: &looked {done: 2025-01-01"),
            "P-126",
        ),
        (head.replace("parent: null", "parent: {name: Far Away (example), country: US}", 1), "P-136"),
    ):
        assert changed != head, rule
        file.write_text(f"{changed}  peeters:{tail}", encoding="utf-8")
        try:
            said = get(site, "installer/jobs", good)
            assert (said.status, said.body["type"]) == (403, "urn:bloesem:problem:refused"), (rule, said)
            assert rule in said.body["rule"] + said.body["detail"]
            assert said.body["remedy"]
        finally:
            file.write_text(was, encoding="utf-8")
    assert get(site, "installer/jobs", good).status == 200


@pytest.mark.promise("P-114")
def test_an_assignment_ends_at_midnight_by_itself(site: Site, good: str) -> None:
    plan = site.stage.company.plan
    number = job_of(site, good)["number"]
    assert get(site, f"installer/jobs/{number}", good).status == 200
    with site.stage.database.connect(autocommit=True) as admin:
        for _, body in clock_functions(plan, 61):
            admin.execute(body)
        try:
            refused = get(site, "installer/jobs", good)
            assert refused.status == 403
            assert "P-114" in refused.body["rule"]
        finally:
            for _, body in clock_functions(plan, 0):
                admin.execute(body)
    assert get(site, f"installer/jobs/{number}", good).status == 200


def test_who_asks_too_often_waits(site: Site, good: str) -> None:
    begun = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda _: get(site, "installer/jobs/1", good), range(70)))
    if time.monotonic() - begun > 55:
        pytest.skip("this machine is too slow today to ask often")
    assert sorted(one.status for one in said) == [404] * 60 + [429] * 10
    assert {one.headers["retry-after"] for one in said if one.status == 429} == {"60"}
    assert get(site, "installer/jobs/1", token(site)).status == 404, "another token has its own measure"


@pytest.mark.browser
def test_the_pages_list_report_and_make_tokens(site: Site, browser: Browser) -> None:
    sql(site, "DELETE FROM signin.signin_token")  # an account has ten at most
    context = browser.new_context()
    page = context.new_page()
    site.sign_in_staff(page, "installer")
    assert page.locator("section.job").count() >= 1
    text = page.inner_text("main")
    assert "€" not in text
    page.locator("section.job h2 a").first.click()
    page.select_option("#progress", "installed")
    page.fill("#main_fuse_ampere", "32")
    page.click("main form button")
    page.wait_for_selector("[role=status]")
    assert "32" in page.inner_text("main")
    page.click("main form button")
    page.wait_for_selector("[role=alert]")
    page.goto(f"{site.portal}/nl/tokens")
    page.fill("#label", "planning op kantoor")
    page.click("main form button >> nth=-1")
    plain = page.inner_text(".secret")
    assert get(site, "installer/jobs", plain).status == 200
    stored = sql(site, "SELECT digest FROM signin.signin_token WHERE label = 'planning op kantoor'")
    assert [bytes(row[0]) for row in stored] == [hashlib.sha256(plain.encode()).digest()]
    page.goto(f"{site.portal}/nl/tokens")
    assert plain not in page.content(), "it is shown once"
    page.click("text=Intrekken >> nth=0")
    page.wait_for_url("**/nl/tokens")
    assert get(site, "installer/jobs", plain).status == 401
    other = sql(
        site,
        "SELECT job_id FROM data.installation_file WHERE job_id NOT IN (SELECT number FROM signin.signin_reach)",
    )[0][0]
    answer = page.goto(f"{site.portal}/nl/jobs/{other}")
    assert answer is not None
    assert answer.status == 404
    context.close()


def test_seeded_requests_of_each_role_are_answered_as_described_and_none_is_a_fault(
    site: Site, company: Path
) -> None:
    """Positive and negative samples of every address, through WSGI: no 5xx, and no answer that the description lacks."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("BLOESEM_", "PG", "DJANGO"))}
    environment = {
        **plain,
        "BLOESEM_DATABASE_URL": site.stage.database.dsn.to(user="nobody").url(),
        "BLOESEM_PREFIX": site.stage.company.plan.prefix,
        "BLOESEM_COMPANY": str(company),
        "BLOESEM_CREDENTIALS": str(site.stage.doors),
        "BLOESEM_SECRET_KEY": "of these tests",
        "BLOESEM_PORTAL": site.portal,
        "BLOESEM_PROCESS": "portal",
        "DJANGO_SETTINGS_MODULE": "charging.settings",
    }
    numbers = [
        row[0]
        for row in sql(
            site,
            "SELECT DISTINCT job_id FROM data.installation_file WHERE job_id IN (SELECT number FROM signin.signin_reach)",
        )
    ][:3]
    wanted = {
        "tokens": {role: token(site, role) for role in ("installer", "hems")},
        "numbers": numbers,
        "examples": 4,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.charging.portal.fuzz"],
        input=json.dumps(wanted),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["wrong"] == {}
    answered: dict[str, set[str]] = {line.rsplit(" ", 1)[0]: set() for line in said["asked"]}
    for line in said["asked"]:
        what, status = line.rsplit(" ", 1)
        answered[what].add(status)
    assert "200" in answered["installer GET /api/v1/installer/jobs"]
    assert {"200", "404"} <= answered["installer GET /api/v1/installer/jobs/{number}"]
    assert "422" in answered["installer POST /api/v1/installer/jobs/{number}/report"]
    assert {"200", "400"} <= answered["hems GET /api/v1/hems/sessions"]
    assert all(one <= {"401", "404"} for what, one in answered.items() if what.startswith("nobody "))
    assert {"too large 413", "too many fields 400", "no boundary 400", "another method 405"} <= {
        line.removeprefix("odd ") for line in said["asked"]
    }
