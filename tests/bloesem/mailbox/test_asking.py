"""What a mail is read to ask: what is plain, and what is left to a person."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bloesem.cases.model import KINDS, RIGHTS
from bloesem.mailbox.asking import _kinds, asked, own_words, read
from bloesem.mailbox.message import parse

PLAIN = {
    "access": (
        "Beste, ik wil graag weten welke gegevens jullie van mij hebben.",
        "Graag een kopie van al mijn persoonsgegevens.",
        "Ik doe een beroep op mijn recht op inzage.",
        "Je souhaite exercer mon droit d'accès.",
        "Quelles données avez-vous sur moi ?",
        "This is a subject access request under article 15.",
        "Please send me a copy of my personal data.",
        "What data do you hold about me?",
        "Ich bitte um Auskunft über meine gespeicherten Daten.",
        "Welche Daten haben Sie über mich gespeichert?",
        "I have a question: what information do you have about me?",
    ),
    "erasure": (
        "Verwijder al mijn gegevens.",
        "Kunnen jullie mijn gegevens wissen?",
        "Hierbij vraag ik om mijn\npersoonsgegevens te verwijderen",  # a line's end is none of a sentence
        "Merci de supprimer toutes mes données.",
        "Je demande l'effacement de mes données.",
        "Please delete my data.",
        "I would like my data to be erased.",
        "I am invoking my right to be forgotten!",
        "Bitte löschen Sie alle meine Daten.",
        "Ich verlange die Löschung meiner personenbezogenen Daten.",
    ),
    "rectification": (
        "Gelieve mijn adres te wijzigen in Kerkstraat 5.",
        "Pourriez-vous corriger mon adresse ?",
        "Please correct my name.",
        "Bitte berichtigen Sie meine Adresse.",
    ),
    "restriction": (
        "Ik vraag de beperking van de verwerking van mijn gegevens.",
        "Je demande la limitation du traitement.",
        "Please restrict the processing of my data.",
        "Ich verlange die Einschränkung der Verarbeitung.",
    ),
    "portability": (
        "Ik beroep me op mijn recht op overdraagbaarheid.",
        "Je demande la portabilité de mes données.",
        "Under my right to data portability, send me a file.",
        "Ich verlange Datenübertragbarkeit.",
        "Please transfer my data as JSON.",
    ),
    "marketing": (
        "Ik wil geen reclame meer.",
        "Ik maak bezwaar tegen direct marketing.",
        "Ik maak bezwaar tegen de verwerking van mijn gegevens voor direct marketing.",
        "Schrijf mij uit voor de nieuwsbrief.",
        "Stop met reclame!",
        "Je ne souhaite plus recevoir de publicité.",
        "Je m'oppose à la prospection.",
        "Veuillez me désinscrire de la newsletter.",
        "I do not want any more marketing.",
        "I don't want to receive your newsletter.",
        "I object to the processing of my personal data for direct marketing.",
        "Please unsubscribe me from the newsletter.",
        "Ich möchte keine Werbung mehr.",
        "Ich widerspreche der Direktwerbung.",
    ),
    "objection": (
        "Ik maak bezwaar tegen de verwerking van mijn gegevens.",
        "Je m'oppose au traitement de mes données.",
        "I object to the processing of my data on legitimate interest.",
        "Ich widerspreche der Verarbeitung meiner Daten.",
    ),
    "withdrawal": (
        "Ik trek hierbij mijn toestemming in.",
        "Je retire mon consentement.",
        "I want to withdraw my consent.",
        "Hiermit widerrufe ich meine Einwilligung.",
    ),
    "complaint": (
        "Ik dien hierbij een klacht in over jullie.",
        "Je souhaite déposer plainte.",
        "I want to file a complaint.",
        "Hiermit reiche ich eine Beschwerde ein.",
    ),
    "question": (
        "Ik heb een vraag over jullie beleid.",
        "J'ai une question.",
        "I have a question about your policy.",
        "Ich habe eine Frage.",
    ),
}
DOUBTED = (
    "",
    "vraag",
    "Hallo",
    "Ik wil graag weten welke gegevens jullie hebben.",
    # one weak word
    "Verwijder dit.",
    "Delete!",
    "Ich möchte wissen, wann der Techniker kommt.",
    "Mijn gegevens zijn juist.",
    "Please remove the old charging station at my address.",
    # signals in two sentences
    "Verwijder de laadpaal. Mijn gegevens kloppen.",
    "Please delete the invoice. I sent you my data.",
    # the opposite
    "Verwijder mijn gegevens niet.",
    "Please do not delete my data.",
    "Ne supprimez pas mes données.",
    "Löschen Sie meine Daten nicht.",
    "Ik heb geen bezwaar tegen marketing.",
    "I have no objection to marketing.",
    "Ik krijg geen reclame meer.",
    "Ik wil geen problemen met jullie reclame.",
    "I never withdrew: withdraw my consent? No.",
    # about it, not for it
    "Wanneer wissen jullie mijn gegevens?",
    "How can I delete my data?",
    "Zijn mijn gegevens al gewist?",
    "Ik wist dat mijn gegevens bij jullie stonden.",
    "Als jullie niet antwoorden, wis dan mijn gegevens.",
    "Welke gegevens hebben jullie nodig van mij?",
    # more particular
    "Verwijder mijn oude telefoonnummer uit mijn gegevens.",
    "Please delete my data except the invoices.",
    "Ik trek mijn toestemming in voor de locatie.",
    "I withdraw my consent to receive offers.",
    # several
    "Stuur me een kopie van mijn gegevens en verwijder daarna al mijn gegevens.",
    "I want to file a complaint. Delete my data.",
    "Ik maak bezwaar tegen marketing. Ik maak ook bezwaar tegen de verwerking voor onderzoek.",
    "Please delete my data. Do not send me a copy of my data first.",
    "Verwijder mijn gegevens. " + "En nog iets anders. " * 200,
)


@pytest.mark.promise("R-013")
@pytest.mark.parametrize(("wanted", "said"), [(kind, one) for kind, many in PLAIN.items() for one in many])
def test_what_is_plain_is_read(wanted: str, said: str) -> None:
    expected = (wanted, "other") if wanted in KINDS else ("request", wanted)
    assert read(said) == expected
    assert read(said.upper()) == expected


@pytest.mark.parametrize("said", DOUBTED)
def test_what_leaves_a_doubt_is_for_a_person(said: str) -> None:
    assert read(said) == ("request", "other")


def mailed(subject: str, text: str, **more: str) -> tuple[str, str]:
    headers = "".join(f"{name}: {value}\r\n" for name, value in more.items())
    raw = f"From: a@b.example\r\nSubject: {subject}\r\n{headers}\r\n{text}"
    return asked(parse(raw.encode(), None, (), dt.datetime(2027, 3, 2, tzinfo=dt.UTC)))


def test_the_subject_speaks_where_it_is_their_own() -> None:
    assert mailed("Verwijder mijn gegevens", "Groeten, Ann") == ("request", "erasure")
    assert mailed("Re: Verwijder mijn gegevens", "Groeten, Ann") == ("request", "other")
    assert mailed("Fwd: x", "Verwijder mijn gegevens") == ("request", "other")  # of whoever wrote it first


@pytest.mark.parametrize(
    "mark",
    [
        "> Verwijder mijn gegevens.",
        "Op ma 1 mrt 2027 om 10:00 schreef Blossom <news@blossom.example>:\nVerwijder mijn gegevens.",
        "On Mon, Mar 1, 2027 Blossom wrote:\nPlease delete my data.",
        "Le lun. 1 mars 2027 à 10:00, Blossom a écrit :\nSupprimez mes données.",
        "Am 1. März 2027 schrieb Blossom:\nLöschen Sie meine Daten.",
        "-----Original Message-----\nDelete my data.",
        "Van: Blossom <news@blossom.example>\nVerwijder mijn gegevens.",
        "-- \nStop met reclame",
    ],
)
def test_what_somebody_else_wrote_is_not_read(mark: str) -> None:
    assert mailed("x", f"Dank u.\n\n{mark}") == ("request", "other")
    assert mailed("x", f"Welke gegevens hebben jullie van mij?\n\n{mark}") == ("request", "access")
    assert own_words(f"a\n{mark}") == "a"


def test_every_kind_has_words_in_four_languages() -> None:
    for language, kinds in _kinds().items():
        assert {kind.name for kind in kinds} == set(PLAIN)
        assert {kind.name for kind in kinds} <= {*RIGHTS, *KINDS}
        for kind in kinds:
            assert kind.phrases or kind.signals, (language, kind.name)
            assert kind.against is not None


@given(st.text(max_size=300))
def test_any_text_is_read(said: str) -> None:
    kind, what = read(said)
    assert kind in KINDS
    assert what in RIGHTS
