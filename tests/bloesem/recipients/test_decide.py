"""What refuses a disclosure, one sentence of the policy at a time; and what is allowed when nothing does."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from pydantic import ValidationError
from tests.bloesem.recipients.changed import (
    ASKS,
    DAY,
    ask,
    blossom,
    changed,
    moved,
    policy,
    record_with,
    why,
    without_transfer,
)

from bloesem.policy.company import Company
from bloesem.policy.model import TransferRules
from bloesem.recipients.decide import may_disclose
from bloesem.recipients.model import ART_28, STEPS, Grant, Measure, SubProcessor, Transfer

YEAR = dt.timedelta(days=365)


@pytest.mark.parametrize("name", ASKS)
def test_what_is_whole_and_in_its_days_is_allowed(name: str) -> None:
    assert why(ask(name)) == ""


# ---- purposes and kinds --------------------------------------------------------------------------------------------


@pytest.mark.promise("P-111")
def test_a_disclosure_happens_only_within_the_purposes_of_the_policy() -> None:
    for purpose in ("resale", "PUR-9", "all", "law:security"):
        assert "is none of" in why(ask("briefwerk", purpose=purpose))
        assert not ask("briefwerk", purpose=purpose).allowed
        assert not ask("briefwerk", changed("briefwerk", purposes=(purpose,)), purpose=purpose).allowed
    assert "is none of what kind" in why(
        ask("briefwerk", purpose="marketing", fields=("identification.name",))
    )
    narrowed = changed("briefwerk", purposes=("service",))
    assert "is none of what the recipient is registered for" in why(ask("briefwerk", narrowed))
    # Declared grounds beside the table: a legal duty (an authority's request), a deal.
    assert ask("tax_inspection").allowed
    assert ask("stroomland").allowed
    assert "is none of the policy's" in why(ask("fleetco", purpose="deal"))
    assert "is off" in why(ask("kelder", record_with(blossom(), statutes={})))


@pytest.mark.promise("P-112")
def test_who_is_not_registered_under_a_kind_of_the_policy_gets_nothing() -> None:
    stranger = may_disclose(blossom(), policy(), "databroker", "service", ("usage.session",), DAY)
    assert why(stranger) == "recipient `databroker` is not registered"
    kinds = {key: kind for key, kind in policy().recipients.items() if key != "cloud"}
    assert "which the policy does not name" in why(ask("nimbus", under=policy(recipients=kinds)))
    assert "counts from 2026-12-01" in why(
        ask("zonnewijs", changed("zonnewijs", decided=dt.date(2026, 12, 1)))
    )
    gone = changed("zonnewijs", ended=dt.date(2026, 11, 25))
    assert "ended on 2026-11-25" in why(ask("zonnewijs", gone))
    assert ask("zonnewijs", gone, on=dt.date(2026, 11, 25)).allowed


@pytest.mark.promise("P-113")
def test_a_database_is_opened_to_a_processor_only_where_it_is_shareable_and_by_a_running_grant() -> None:
    assert why(ask("nimbus", store="business")) == ""
    assert "is not shareable" in why(ask("nimbus", store="jobs"))
    assert "is not on record" in why(ask("nimbus", store="warehouse"))
    assert "was not granted" in why(ask("zonnewijs", store="business"))
    (grant,) = blossom().record.recipients["nimbus"].access
    assert isinstance(grant, Grant)
    for change, says in (
        ({"until": dt.date(2026, 11, 25)}, "ended on 2026-11-25"),
        ({"revoked": DAY}, "ended on 2026-11-25"),
        ({"decided": dt.date(2026, 11, 27)}, "counts from 2026-11-27"),
    ):
        assert says in why(
            ask("nimbus", changed("nimbus", access=(grant.model_copy(update=change),)), store="business")
        )
    closed = record_with(
        blossom(),
        stores={
            key: store.model_copy(update={"shareable": False})
            for key, store in blossom().record.stores.items()
        },
    )
    assert "is not shareable" in why(ask("nimbus", closed, store="business"))
    assert [one.store for one in blossom().record.recipients["nimbus"].access] == ["business"], (
        "grants are listed"
    )


# ---- kinds one by one ----------------------------------------------------------------------------------------------


@pytest.mark.promise("P-114")
def test_an_installer_gets_data_for_the_assigned_job_alone_and_not_after_it() -> None:
    assert "is not named" in why(ask("voltwacht", assignment=None))
    assert "is not on record" in why(ask("voltwacht", assignment="job-2026-0002"))
    assert ask("voltwacht").until == dt.date(2027, 1, 31)
    job = blossom().record.recipients["voltwacht"].assignments["job-2026-0001"]
    closed = changed(
        "voltwacht", assignments={"job-2026-0001": job.model_copy(update={"closed": dt.date(2026, 11, 25)})}
    )
    assert "ended on 2026-11-25" in why(ask("voltwacht", closed))
    assert ask("voltwacht", closed, on=dt.date(2026, 11, 25)).allowed


@pytest.mark.promise("P-119")
def test_an_affiliated_company_runs_platforms_and_markets_nothing_of_its_own() -> None:
    free = changed("liberty_platforms", contract={"clauses": {}})
    assert "has no clause `no-own-marketing`" in why(ask("liberty_platforms", free))
    for role in ("controller", "joint-controller"):
        assert f"is {role}" in why(ask("liberty_platforms", changed("liberty_platforms", role=role)))
    # The country of the entity is checked: its parent's too.
    assert "transfer to GB (remote access, parent)" in why(
        ask("liberty_platforms", without_transfer("liberty-gb"))
    )


@pytest.mark.parametrize(
    ("name", "clause"),
    [
        ("kelder", "destruction-certificate"),
        ("briefwerk", "purge-after-dispatch"),
        ("peilpunt", "return-or-erasure"),
        ("meta_audiences", "no-own-use"),
    ],
)
def test_what_the_kind_asks_of_the_contract_is_in_it(name: str, clause: str) -> None:
    assert f"has no clause `{clause}`" in why(ask(name, changed(name, contract={"clauses": {}})))
    assert f"has no clause `{clause}`" in why(ask(name, changed(name, contract={"clauses": {clause: " "}})))


@pytest.mark.promise("P-124")
def test_nothing_goes_to_a_platform_whose_contract_does_not_forbid_use_of_its_own() -> None:
    linkedin = may_disclose(
        blossom(),
        policy(),
        "linkedin_audiences",
        "consent_marketing",
        ("contact.email",),
        DAY,
        assignment="winter-2026",
    )
    assert why(linkedin) == "the contract with `linkedin_audiences` has no clause `no-own-use`"
    assert "is not on record" in why(ask("meta_audiences", changed("meta_audiences", contract=None)))
    assert "ended on" in why(
        ask("meta_audiences", changed("meta_audiences", contract={"valid_until": dt.date(2026, 11, 25)}))
    )
    assert "is controller" in why(ask("meta_audiences", changed("meta_audiences", role="controller")))


@pytest.mark.promise("P-129")
def test_an_authority_gets_fields_of_a_request_that_rests_on_a_statute_and_that_a_lawyer_saw() -> None:
    task = blossom().record.recipients["tax_inspection"].assignments["audit-2026-07"]
    assert task.request is not None

    def asked(**request: Any) -> str:
        new = task.model_copy(update={"request": task.request and task.request.model_copy(update=request)})
        return why(ask("tax_inspection", changed("tax_inspection", assignments={"audit-2026-07": new})))

    assert asked() == ""
    assert "was seen by no lawyer" in asked(review=None)
    assert "does not say the competence" in asked(competence=" ")
    assert "does not say the scope" in asked(scope="")
    assert "names no recipient of kind `authority`" in asked(statute="wer-iii-86-88")
    assert "for everybody at once" in asked(bulk=True)
    assert "is about 1 person, and 2 are asked for" in why(ask("tax_inspection", people=2))
    assert ask("tax_inspection", people=1).allowed
    assert asked(bulk=True, bulk_because="VAT Code art. 62") == ""
    assert "which is not for kind `authority`" in why(ask("tax_inspection", fields=("contract.payment",)))
    repealed = {
        key: one.model_copy(update={"valid_until": dt.date(2026, 11, 25)})
        for key, one in blossom().record.statutes.items()
    }
    assert "obliges nobody that day" in why(ask("tax_inspection", record_with(blossom(), statutes=repealed)))


@pytest.mark.promise("P-131")
@pytest.mark.promise("P-133")
@pytest.mark.promise("P-132")
def test_a_deal_has_a_case_and_while_it_is_prepared_shows_pseudonyms_or_totals() -> None:
    task = blossom().record.recipients["stroomland"].assignments["project-iris"]

    def deal(shape: str = "aggregated", **changes: Any) -> str:
        new = task.model_copy(update={"deal": task.deal and task.deal.model_copy(update=changes)})
        company = changed("stroomland", assignments={"project-iris": new})
        return why(ask("stroomland", company, shape=shape))

    assert deal() == deal("pseudonymised") == ""
    assert "full data is asked" in deal("full")
    assert deal("full", phase="closing") == ""
    for phase in ("preparation", "closing"):
        assert "no contract on file" in deal(phase=phase, contract=None)
        assert "no balancing test" in deal(phase=phase, balancing="stop")
        assert "has no first day" in deal(phase=phase, contract_signed=None)
    assert "is not named" in why(ask("stroomland", assignment=None))


# ---- fields, contract, diligence -----------------------------------------------------------------------------------


def test_a_field_goes_only_where_list_kind_task_and_purpose_all_have_it() -> None:
    assert "which is not on its list" in why(ask("briefwerk", fields=("contact.phone",)))
    wide = changed("briefwerk", fields=("all",))
    assert "which is not for kind `print_mail`" in why(ask("briefwerk", wide, fields=("contact.phone",)))
    assert "which `service` does not read" in why(ask("nimbus", fields=("financial.iban",)))
    assert "which the policy does not have" in why(ask("nimbus", fields=("shoe_size",)))
    assert "are none" in why(ask("nimbus", fields=()))
    # A name above a dot is more than what stands below it.
    assert "have `identification`, which is not on its list" in why(
        ask("briefwerk", fields=("identification",))
    )
    job = blossom().record.recipients["voltwacht"].assignments["job-2026-0001"]
    narrow = job.model_copy(update={"fields": ("installation",)})
    only = changed("voltwacht", assignments={"job-2026-0001": narrow})
    assert "which `job-2026-0001` is not about" in why(ask("voltwacht", only))
    assert ask("voltwacht", only, fields=("installation.place",)).allowed


@pytest.mark.promise("P-126")
def test_a_processor_that_nobody_looked_at_for_too_long_is_warned_of_and_then_gets_nothing() -> None:
    """Looked at on 1 September 2026: once a year, and two months more (the record's rules)."""
    due, last = dt.date(2027, 9, 1), dt.date(2027, 11, 1)
    assert [str(w) for w in ask("zonnewijs", on=due).warnings] == []
    (warned,) = ask("zonnewijs", on=due + dt.timedelta(days=1)).warnings
    assert "that is due ended on 2027-09-01" in str(warned)
    assert ask("zonnewijs", on=last).allowed
    assert "ended on 2027-11-01" in why(ask("zonnewijs", on=last + dt.timedelta(days=1)))
    assert "is not on record" in why(ask("zonnewijs", changed("zonnewijs", diligence=None)))
    assert "ended in stop" in why(ask("zonnewijs", changed("zonnewijs", diligence={"result": "stop"})))
    assert "counts from" in why(ask("zonnewijs", changed("zonnewijs", diligence={"done": DAY + YEAR})))


@pytest.mark.promise("R-050")
@pytest.mark.promise("P-127")
def test_a_processor_without_a_complete_signed_and_valid_contract_has_no_access() -> None:
    assert "is not on record" in why(ask("zonnewijs", changed("zonnewijs", contract=None)))
    contract = blossom().record.recipients["zonnewijs"].contract
    assert contract is not None
    assert list(ART_28.values()) == [f"28(3)({letter})" for letter in "abcdefgh"], "each point of the law"
    for item, article in ART_28.items():
        left = {key: value for key, value in contract.items.items() if key != item}
        assert f"lacks `{item}` (art. {article})" in why(
            ask("zonnewijs", changed("zonnewijs", contract={"items": left}))
        )
    for change, says in (
        ({"signed": None}, "is not signed"),
        ({"signed": dt.date(2026, 11, 27)}, "counts from 2026-11-27"),
        ({"valid_from": None}, "has no first day"),
        ({"valid_from": dt.date(2026, 11, 27)}, "counts from 2026-11-27"),
        ({"valid_until": dt.date(2026, 11, 25)}, "ended on 2026-11-25"),
    ):
        for store in (None, "business"):
            assert says in why(ask("nimbus", changed("nimbus", contract=change), store=store))
    assert "is controller" in why(ask("zonnewijs", changed("zonnewijs", role="controller", contract=None)))


@pytest.mark.promise("R-051")
def test_joint_controllers_have_an_arrangement() -> None:
    assert "lacks the arrangement" in why(
        ask("meta_audiences", changed("meta_audiences", contract={"arrangement": None}))
    )


@pytest.mark.promise("R-050")
def test_a_sub_processor_is_authorised_first() -> None:
    (sub,) = blossom().record.recipients["zonnewijs"].sub_processors
    late = sub.model_copy(update={"authorised": dt.date(2026, 11, 27)})
    assert "sub-processor `Wolkenrek (example)`" in why(
        ask("zonnewijs", changed("zonnewijs", sub_processors=(late,)))
    )


# ---- transfers -----------------------------------------------------------------------------------------------------


def test_norway_iceland_and_liechtenstein_are_no_transfer_and_the_kingdom_and_switzerland_are() -> None:
    for country in ("NO", "IS", "LI", "BE", "HR"):
        assert ask("zonnewijs", changed("zonnewijs", locations=(country,))).allowed
    for country in ("GB", "CH", "US", "IN", "TR"):
        assert f"transfer to {country}" in why(ask("zonnewijs", changed("zonnewijs", locations=(country,))))


@pytest.mark.promise("P-134")
def test_whatever_is_outside_the_eea_or_reached_from_there_is_a_transfer_of_recipient_and_sub_processor() -> (
    None
):
    for way in ("locations", "remote_access"):
        said = why(ask("zonnewijs", changed("zonnewijs", None, **{way: ("BE", "US")})))
        assert "transfer to US" in said
        (sub,) = blossom().record.recipients["zonnewijs"].sub_processors
        assert isinstance(sub, SubProcessor)
        onward = sub.model_copy(update={way: ("IN",)})
        said = why(ask("zonnewijs", changed("zonnewijs", sub_processors=(onward,))))
        assert "transfer onward to `Wolkenrek (example)` to IN" in said
    # Every recipient, sub-processor and store has its countries: without them nothing loads (test_problems).
    for one in blossom().record.recipients.values():
        assert one.locations
        assert all(sub.locations for sub in one.sub_processors)
    assert all(store.country for store in blossom().record.stores.values())


@pytest.mark.promise("P-135")
def test_a_parent_or_remote_access_abroad_is_exposure_however_near_the_data_centre_is() -> None:
    nimbus = blossom().record.recipients["nimbus"]
    assert nimbus.locations == ("IE",)
    assert "transfer to US (remote access, parent)" in why(ask("nimbus", without_transfer("nimbus-us")))
    assert "transfer to US (parent)" in why(
        ask("nimbus", changed("nimbus", without_transfer("nimbus-us"), remote_access=()))
    )
    assert ask(
        "nimbus", changed("nimbus", without_transfer("nimbus-us"), remote_access=(), parent=None)
    ).allowed


@pytest.mark.promise("R-046")
@pytest.mark.promise("P-136")
def test_a_transfer_without_a_mechanism_that_is_valid_that_day_does_not_happen() -> None:
    for gone in ("nimbus-us", "nimbus-india-in", "nimbus-india-us"):
        assert "is not on record" in why(ask("nimbus", without_transfer(gone)))
    assert "the mechanism of transfer `nimbus-us` is not on record" in why(
        ask("nimbus", moved("nimbus-us", mechanism=None))
    )
    assert "ended on 2026-11-25" in why(ask("nimbus", moved("nimbus-us", until=dt.date(2026, 11, 25))))
    assert "counts from 2026-11-27" in why(ask("nimbus", moved("nimbus-us", decided=dt.date(2026, 11, 27))))
    assert "the policy names no transfer" in why(ask("nimbus", under=policy(transfers=None)))


def test_of_two_transfers_to_one_country_the_one_that_is_valid_carries() -> None:
    old = blossom().record.transfers["nimbus-us"]
    ended = old.model_copy(update={"until": dt.date(2026, 11, 25)})
    both = record_with(blossom(), transfers={**blossom().record.transfers, "nimbus-us": ended, "next": old})
    decision = ask("nimbus", both)
    assert decision.allowed
    assert "next" in [each.key for each in decision.transfers]


@pytest.mark.promise("R-047")
@pytest.mark.promise("P-137")
def test_adequacy_counts_for_a_country_on_the_list_between_its_days_and_within_its_scope() -> None:
    """The United Kingdom until 27 December 2031, the United States for whoever is listed."""
    fresh = _looked_at(dt.date(2031, 12, 1))
    company = changed(
        "liberty_platforms", fresh, diligence={"done": dt.date(2031, 9, 1)}, contract={"valid_until": None}
    )
    company = moved("liberty-gb", company, assessment={"review": dt.date(2032, 9, 1)})
    last = dt.date(2031, 12, 27)
    assert ask("liberty_platforms", company, on=last).allowed
    assert ask("liberty_platforms", company, on=last).until == last
    assert "is not on the list of that day" in why(
        ask("liberty_platforms", company, on=last + dt.timedelta(days=1))
    )

    nowhere = changed("liberty_platforms", remote_access=("TR",), parent=None)
    nowhere = moved("liberty-gb", nowhere, country="TR")
    assert "decision of the Commission on TR" in why(ask("liberty_platforms", nowhere))

    scope = blossom().record.transfers["meta-us"].scope
    assert scope is not None
    for change, says in (
        (None, "is not on record"),
        (scope.model_copy(update={"condition": "private-sector"}), "`data-privacy-framework` is asked"),
        (scope.model_copy(update={"evidence": ""}), "has no evidence"),
        (scope.model_copy(update={"until": None}), "says no last day"),
        (scope.model_copy(update={"until": dt.date(2026, 11, 25)}), "ended on 2026-11-25"),
        (scope.model_copy(update={"checked": dt.date(2026, 11, 27)}), "counts from 2026-11-27"),
    ):
        assert says in why(ask("meta_audiences", moved("meta-us", scope=change)))
    # And a list that nobody looked at for half a year is no list.
    assert "ended on 2026-12-18" in why(ask("meta_audiences", on=dt.date(2026, 12, 19)))
    japan = changed("liberty_platforms", remote_access=("JP",), parent=None)
    assert "from knowledge" in why(ask("liberty_platforms", moved("liberty-gb", japan, country="JP")))


def _looked_at(day: dt.date) -> Any:
    from dataclasses import replace

    law = blossom().law
    listed = tuple(
        one.model_copy(update={"checked": one.checked.model_copy(update={"status": "published", "on": day})})
        for one in law.adequacy
    )
    return replace(blossom(), law=replace(law, adequacy=listed))


@pytest.mark.promise("R-048")
@pytest.mark.promise("P-138")
def test_standard_clauses_count_in_the_edition_of_2021_the_module_of_both_roles_signed_with_their_annexes() -> (
    None
):
    for edition in ("2001/497", "2004/915", "2010/87"):
        assert f"are those of {edition}" in why(
            ask("nimbus", moved("nimbus-us", clauses={"edition": edition}))
        )
    for module in (1, 3, 4):
        assert "ask for module 2" in why(ask("nimbus", moved("nimbus-us", clauses={"module": module})))
    for module in (1, 2, 4):
        assert "ask for module 3" in why(ask("nimbus", moved("nimbus-india-in", clauses={"module": module})))
    for name in ("annex_1", "annex_2", "annex_3"):
        for empty in (None, " "):
            assert f"have an empty {name.replace('_', ' ')}" in why(
                ask("nimbus", moved("nimbus-us", clauses={name: empty}))
            )
    assert "are not signed" in why(ask("nimbus", moved("nimbus-us", clauses={"signed": None})))
    assert "counts from 2026-11-27" in why(
        ask("nimbus", moved("nimbus-us", clauses={"signed": dt.date(2026, 11, 27)}))
    )
    assert "are not on record" in why(ask("nimbus", moved("nimbus-us", clauses=None)))
    # To a controller: module 1, which has no list of sub-processors.
    clauses = blossom().record.transfers["nimbus-us"].clauses
    assert clauses is not None
    one = clauses.model_copy(update={"module": 1, "annex_3": None})
    joint = moved("meta-us", mechanism="scc", clauses=one, copy_at="x", scope=None)
    assert ask("meta_audiences", joint).allowed
    assert "ask for module 1" in why(ask("meta_audiences", moved("meta-us", joint, clauses={"module": 2})))


def test_an_authority_abroad_signs_no_clauses() -> None:
    clauses = blossom().record.transfers["nimbus-us"].clauses
    abroad = changed("tax_inspection", locations=("US",))
    new = (
        blossom()
        .record.transfers["meta-us"]
        .model_copy(
            update={"recipient": "tax_inspection", "mechanism": "scc", "clauses": clauses, "copy_at": "x"}
        )
    )
    assert isinstance(new, Transfer)
    company = record_with(abroad, transfers={**abroad.record.transfers, "tax": new})
    assert "an authority signs no clauses" in why(ask("tax_inspection", company))


@pytest.mark.promise("R-046")
@pytest.mark.promise("P-139")
def test_any_other_mechanism_is_refused_until_the_policy_names_it() -> None:
    for mechanism in ("bcr", "code", "certification", "derogation"):
        company = moved("nimbus-us", mechanism=mechanism)
        assert f"is `{mechanism}`, which the policy does not name" in why(ask("nimbus", company))
    rules = policy().transfers
    assert rules is not None
    for derogation in ("derogation", "bcr"):  # and it cannot name one that is for exceptions
        with pytest.raises(ValidationError, match="mechanisms"):
            TransferRules.model_validate(
                {**rules.model_dump(by_alias=True), "mechanisms": ("adequacy", "scc", derogation)}
            )
    none = policy(transfers=rules.model_copy(update={"mechanisms": ("adequacy",)}))
    assert "is `scc`, which the policy does not name" in why(ask("nimbus", under=none))


@pytest.mark.promise("R-046")
def test_a_decision_on_the_country_comes_before_clauses() -> None:
    """Clauses for a country with a decision on all of it go, and somebody is told that the decision comes first."""
    clauses = blossom().record.transfers["nimbus-us"].clauses
    assert clauses is not None
    given = {"mechanism": "scc", "clauses": clauses.model_copy(update={"module": 2}), "copy_at": "x"}

    def warned(name: str, company: Company) -> list[str]:
        return [str(one) for one in ask(name, company).warnings if one.kind == "adequacy-first"]

    alps = changed("liberty_platforms", remote_access=("CH",), parent=None)
    alps = moved("liberty-gb", alps, country="CH", scope=None, **given)
    assert ask("liberty_platforms", alps).allowed
    (said,) = warned("liberty_platforms", alps)
    assert "there is a decision of the Commission on CH" in said
    assert warned("liberty_platforms", blossom()) == warned("nimbus", blossom()) == []


@pytest.mark.promise("R-049")
@pytest.mark.promise("P-140")
def test_an_assessment_walks_the_six_steps_and_has_a_day_of_review() -> None:
    made = blossom().record.transfers["nimbus-us"].assessment
    rules = policy().transfers
    assert made is not None
    assert rules is not None
    assert len(rules.steps) == len(STEPS) == 6
    for step in STEPS:
        for empty in ({}, {step: " "}):
            steps = {key: value for key, value in made.steps.items() if key != step} | empty
            assert f"does not say step `{step}`" in why(
                ask("nimbus", moved("nimbus-us", assessment={"steps": steps}))
            )
    assert "has no day of review" in why(ask("nimbus", moved("nimbus-us", assessment={"review": None})))
    late = moved("nimbus-us", assessment={"review": dt.date(2026, 11, 25)})
    assert "ended on 2026-11-25" in why(ask("nimbus", late))
    assert ask("nimbus", late, on=dt.date(2026, 11, 25)).allowed


@pytest.mark.promise("P-141")
def test_every_transfer_is_assessed_also_to_an_adequate_country() -> None:
    for name, transfer in (
        ("nimbus", "nimbus-us"),
        ("nimbus", "nimbus-india-in"),
        ("meta_audiences", "meta-us"),
    ):
        assert f"the assessment of transfer `{transfer}` is not on record" in why(
            ask(name, moved(transfer, assessment=None))
        )
        assert "counts from 2026-11-27" in why(
            ask(name, moved(transfer, assessment={"done": dt.date(2026, 11, 27)}))
        )
    # Relaxed only by changing the text: then clauses alone are assessed.
    rules = policy().transfers
    assert rules is not None
    relaxed = policy(transfers=rules.model_copy(update={"assessment": "scc-only"}))
    assert ask("meta_audiences", moved("meta-us", assessment=None), under=relaxed).allowed
    assert not ask("nimbus", moved("nimbus-us", assessment=None), under=relaxed).allowed


@pytest.mark.promise("P-142")
def test_an_assessment_covers_law_and_practice_and_a_stop_blocks() -> None:
    for name in ("law", "practice"):
        for empty in (None, "", " "):
            assert f"does not say the {name} there" in why(
                ask("nimbus", moved("nimbus-us", assessment={name: empty}))
            )
    assert "has no conclusion" in why(ask("nimbus", moved("nimbus-us", assessment={"conclusion": None})))
    assert "says stop" in why(ask("nimbus", moved("nimbus-us", assessment={"conclusion": "stop"})))
    assert "says stop" in why(ask("meta_audiences", moved("meta-us", assessment={"conclusion": "stop"})))
    assert ask("nimbus", moved("nimbus-us", assessment={"conclusion": "ok"})).allowed


@pytest.mark.promise("P-143")
def test_measures_stand_in_three_classes_and_the_transfer_waits_for_proof_of_each() -> None:
    made = blossom().record.transfers["nimbus-us"].assessment
    assert made is not None
    assert {one.kind for one in made.measures} == {"security", "contractual", "organisational"}
    for number, one in enumerate(made.measures):
        rest = (*made.measures[:number], *made.measures[number + 1 :])

        def with_(measures: tuple[Measure, ...]) -> str:
            return why(ask("nimbus", moved("nimbus-us", assessment={"measures": measures})))

        assert f"the {one.kind} measures of transfer `nimbus-us` are none" in with_(rest)
        for change, says in (
            ({"evidence": None}, "has no evidence"),
            ({"evidence": " "}, "has no evidence"),
            ({"since": None}, "are not in place"),
            ({"since": dt.date(2026, 11, 27)}, "counts from 2026-11-27"),
        ):
            assert says in with_((*rest, one.model_copy(update=change)))
            assert says in with_((*made.measures, one.model_copy(update=change))), (
                "each, not one of each class"
            )


@pytest.mark.promise("R-048")
def test_who_signs_clauses_gives_a_copy_and_an_importer_under_the_regulation_is_told() -> None:
    assert "can be had nowhere" in why(ask("nimbus", moved("nimbus-us", copy_at=None)))
    decision = ask("nimbus", moved("nimbus-us", importer_under_gdpr=True))
    assert decision.allowed
    assert ["is itself under the GDPR" in str(one) for one in decision.warnings] == [True]


def test_each_refusal_is_told_and_not_the_first_alone() -> None:
    company = changed("nimbus", contract=None, diligence=None)
    company = moved("nimbus-us", company, mechanism="bcr", assessment=None)
    kinds = {one.kind for one in ask("nimbus", company).reasons}
    assert {"contract", "diligence", "mechanism", "assessment"} <= kinds
