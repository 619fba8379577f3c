"""Consent is given by an act of its own, lasts a year, and is taken back as easily."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import threading
import uuid
from typing import Any

import pytest
from tests.bloesem.consent.stage import MESSAGES, Stage
from tests.promises.test_gate import COMPANY

from bloesem.consent.errors import ConsentError, RulesError
from bloesem.consent.ledger import Box, live, withdraw
from bloesem.consent.receipt import receipt
from bloesem.consent.rules import load_rules
from bloesem.consent.tables import object_to_advertising
from bloesem.consent.texts import load_texts

DAY = dt.timedelta(days=1)


@pytest.mark.promise("R-035")
@pytest.mark.promise("P-057")
def test_a_consent_proves_who_when_how_and_to_which_words(at: Stage) -> None:
    person = at.customer()
    assert "consent_marketing" not in at.bits(person)
    record = at.agree(person, kinds=("newsletter",), proof="form 12")
    assert "consent_marketing" in at.bits(person)
    assert uuid.UUID(record).version == 4
    (row,) = live(at.keeper, at.rules, person, "consent_marketing", at.now())
    assert (row["kinds"], row["channel"], row["words_version"]) == ("newsletter", "email", "news@1")
    assert abs(row["given_at"] - at.now()) < dt.timedelta(minutes=5)
    how = at.keeper.execute(
        "SELECT part, action, source, language FROM data.consent WHERE person_id = %s", [person]
    ).fetchone()
    assert how == ("consent_marketing", "ticked", "subject:portaal", "nl")
    shown = at.texts.named("news@1").words["nl"]
    assert row["words_digest"] == hashlib.sha256(shown.encode()).hexdigest()
    assert row["notice_version"] == str(at.world.plan.version)
    assert json.loads(row["proof"]) == {
        "box": {"ticked": True, "preset": False, "with_terms": False},
        "seen": "form 12",
    }


@pytest.mark.promise("R-053")
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"box": Box(ticked=False)}, "nothing was ticked"),
        ({"box": Box(ticked=True, preset=True)}, "ticked already"),
        ({"box": Box(ticked=True, with_terms=True)}, "part of other terms"),
        ({"at": "ahead"}, "dated ahead"),
        ({"at": "old"}, "older than 31 days"),
        ({"at": "naive"}, "no time zone"),
        ({"kinds": ("offer",)}, "names no kind `offer`"),
        ({"channels": ("sms",)}, "names no channel `sms`"),
        ({"language": "it"}, "no words in `it`"),
        ({"text": "news@9"}, "no consent text `news@9`"),
        ({"source": "hearsay"}, "does not declare"),
    ],
)
@pytest.mark.promise("P-057")
def test_what_is_no_consent_is_refused_and_leaves_nothing(
    at: Stage, wrong: dict[str, Any], said: str
) -> None:
    person = at.customer()
    moments = {"ahead": at.now() + DAY, "old": at.now() - 40 * DAY, "naive": dt.datetime(2026, 1, 1)}  # noqa: DTZ001
    if "at" in wrong:
        wrong = {**wrong, "at": moments[wrong["at"]]}
    with pytest.raises(ConsentError) as error:
        at.agree(person, **wrong)
    assert said in str(error.value)
    assert error.value.rule
    assert error.value.remedy
    assert at.count("data.consent", person_id=person) == 0
    assert "consent_marketing" not in at.bits(person)


def test_nobody_consents_to_nothing(at: Stage) -> None:
    with pytest.raises(ConsentError, match="nobody has this number"):
        at.agree(12345)


@pytest.mark.promise("R-035")
@pytest.mark.promise("P-098")
def test_a_consent_ends_a_year_after_it_was_given_whatever_the_person_does(alone: Stage) -> None:
    person = alone.customer()
    alone.agree(person)
    given = alone.today()
    last = dt.date(given.year + 1, given.month, given.day)
    alone.business.on(str(last))
    assert "consent_marketing" in alone.bits(person)
    alone.business.add("login_credential", person, source="assigned", used_on=last, last_login_at=alone.now())
    alone.business.on(str(last + DAY))
    assert "consent_marketing" not in alone.bits(person), "an interaction does not prolong it"
    alone.agree(person)
    assert "consent_marketing" in alone.bits(person), "a fresh one does"


@pytest.mark.promise("R-035")
@pytest.mark.promise("P-058")
@pytest.mark.promise("P-094")
@pytest.mark.promise("P-099")
@pytest.mark.promise("P-100")
def test_withdrawing_is_one_act_and_ends_what_only_the_consent_kept(at: Stage) -> None:
    person = at.business.person(kind="entrant")
    at.email(person, "entrant@post.example", source="subject:wedstrijd:lente")
    at.agree(person, source="subject:wedstrijd:lente")
    made = at.email(person, "entrant2@post.example", source="subject:wedstrijd:lente")
    assert "entrant2@post.example" in at.business.reads("consent_marketing", "email_address", "value")
    assert withdraw(at.keeper, at.rules, person, "consent_marketing") == 1
    assert "entrant2@post.example" not in at.business.reads("consent_marketing", "email_address", "value")
    assert at.count("data.email_address", id=made) == 0, "P-099: erased at once"
    (row,) = at.keeper.execute(
        "SELECT withdrawn_how, kept_for FROM data.consent WHERE person_id = %s", [person]
    ).fetchall()
    assert row[0] == "page"
    assert set(at.world.plan.keys(row[1])) == {"law:accountability"}, "P-100: the proof stays, restricted"
    assert withdraw(at.keeper, at.rules, person, "consent_marketing") == 0, "a second time changes nothing"


def test_a_part_is_withdrawn_and_the_rest_stays_as_it_was_given(at: Stage) -> None:
    person = at.customer()
    given = at.now() - 3 * DAY
    record = at.agree(person, at=given)
    assert withdraw(at.keeper, at.rules, person, "consent_marketing", kinds=["event"]) == 1
    (row,) = live(at.keeper, at.rules, person, "consent_marketing", at.now())
    assert row["kinds"] == "newsletter,webinar,contest"
    assert (row["given_at"], row["record_id"]) == (given, record), "no day longer than it was given"
    at.agree(person, "offers@1", channels=("email", "sms"))
    assert withdraw(at.keeper, at.rules, person, "consent_marketing", kinds=["offer"], channels=["sms"]) == 1
    left = {
        (r["kinds"], r["channel"]) for r in live(at.keeper, at.rules, person, "consent_marketing", at.now())
    }
    assert left == {("newsletter,webinar,contest", "email"), ("offer", "email")}


def test_two_withdrawals_at_once_lose_nothing(at: Stage) -> None:
    person = at.customer()
    at.agree(person)
    done: list[int] = []
    gate = threading.Barrier(2)

    def one() -> None:
        with at.world.database.connect(autocommit=True) as connection:
            gate.wait()
            done.append(withdraw(connection, at.rules, person, "consent_marketing"))

    both = [threading.Thread(target=one) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(done) == [0, 1]
    assert "consent_marketing" not in at.bits(person)
    at.business.agree()


def test_a_fresh_consent_is_newer_than_an_objection_and_an_old_one_is_not(at: Stage) -> None:
    person = at.customer()
    before = at.now()
    assert object_to_advertising(at.keeper, at.rules, person) == "recorded"
    at.agree(person, at=before - DAY)
    assert "consent_marketing" not in at.bits(person), "what was agreed to before it is over"
    at.agree(person)
    assert "consent_marketing" in at.bits(person)
    assert "marketing" not in at.bits(person), "advertising without consent stays refused"


@pytest.mark.promise("P-007")
def test_a_receipt_says_what_the_record_proves(at: Stage) -> None:
    person = at.customer()
    record = at.agree(person, kinds=("newsletter", "event"))
    controller = COMPANY.company.record.controller
    assert controller is not None
    withdraw(at.keeper, at.rules, person, "consent_marketing", kinds=["event"])
    made = json.loads(receipt(at.keeper, at.rules, at.texts, controller, record, "nl"))
    assert made["@type"] == "dpv:ConsentReceipt"
    assert made["dct:conformsTo"] == "https://w3id.org/dpv/schema/dpv-27560#receipt"
    body = made["dpv:hasRecordOfActivity"]
    assert body["dct:identifier"] == record
    who = body["dpv:hasDataController"]
    assert who["dpv:hasName"] == "Blossom Energy BV"
    assert (who["dpv:hasAddress"], who["dct:identifier"]) == (
        "Liersesteenweg 4, 2800 Mechelen",
        "0123.456.749",
    )
    with pytest.raises(ConsentError, match="nobody is known"):
        receipt(at.keeper, at.rules, at.texts, controller.model_copy(update={"kbo": None}), record, "nl")
    assert body["dpv:hasDataSubject"]["dct:identifier"] == str(person)
    assert body["dpv:hasNotice"]["dct:description"] == at.texts.named("news@1").words["nl"]
    given, gone = body["dpv:hasConsentStatus"]
    assert (given["@type"], gone["@type"], gone["dct:subject"]) == (
        "dpv:ConsentGiven",
        "dpv:ConsentWithdrawn",
        "newsletter,event",
    )
    used = {key.split(":")[0] for key in _keys(made) if ":" in key}
    assert used <= set(made["@context"]), "every prefix is declared"
    with pytest.raises(ConsentError, match="no such record"):
        receipt(at.keeper, at.rules, at.texts, controller, str(uuid.uuid4()), "nl")


def _keys(node: Any) -> set[str]:
    if isinstance(node, dict):
        return set(node) | {key for value in node.values() for key in _keys(value)}
    if isinstance(node, list):
        return {key for value in node for key in _keys(value)}
    return set()


@pytest.mark.promise("R-053")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("purpose: consent_marketing", "purpose: marketing"), "does not run on consent"),
        (("kinds: [offer]", "kinds: [prize]"), "no message `prize`"),
        (("channels: [email]", "channels: [fax]"), "`fax` is no channel"),
        (("key: offers", "key: news"), "it is there twice"),
        (("    version: 1\n", "    version: 1\n    preticked: true\n"), "preticked"),
        (("    version: 1\n", "    version: 1\n    in_terms: true\n"), "in_terms"),
        (("      de: Ja, senden", "      pl: Ja, senden"), "pl"),
    ],
)
def test_texts_that_would_give_no_consent_are_refused(at: Stage, change: tuple[str, str], said: str) -> None:
    from bloesem.errors import BloesemError

    file = at.folder / "consents.yaml"
    file.write_text((MESSAGES / "consents.yaml").read_text().replace(*change))
    with pytest.raises(BloesemError) as error:
        load_texts(file, at.rules)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("  app: []", "  fax: []"), "channel `fax` is not in the policy"),
        (("messages: {quality: survey}", "messages: {quality: promotion}"), "no message `promotion`"),
        (("    purposes: [quality]", "    advertising: true\n    purposes: [quality]"), "without a reason"),
        (('sources: ["subject:contract"]', 'sources: ["bought"]'), "no source of the policy"),
        (("  newsletter:\n", "  spam:\n"), "class `spam` is not known"),
        (("  fr: Blossom Energy BV, L", "  it: Blossom Energy BV, L"), "it"),
    ],
)
def test_rules_that_contradict_the_policy_are_refused(at: Stage, change: tuple[str, str], said: str) -> None:
    from bloesem.errors import BloesemError

    file = at.folder / "door.yaml"
    file.write_text((MESSAGES / "door.yaml").read_text().replace(*change))
    with pytest.raises(BloesemError) as error:
        load_rules(file, at.world.plan, COMPANY.policy)
    assert said in str(error.value)
    assert isinstance(error.value, RulesError) or error.value.rule or "door.yaml" in str(error.value)
