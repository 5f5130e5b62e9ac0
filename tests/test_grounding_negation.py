"""Grounding: a sentence that says the opposite of its messages is found, and a true one is left alone."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "bench"))

from grounding_negation import measure

from slmigrate.grounding.negation import turned_round
from slmigrate.records import Message


def talk(*lines: str) -> list[Message]:
    """ "Author: text" lines, a minute apart."""
    start = datetime(2026, 5, 12, 9, tzinfo=UTC)
    return [
        Message(
            id=str(number),
            author=line.partition(": ")[0],
            author_id=line.partition(": ")[0],
            timestamp=start + timedelta(minutes=number),
            content=line.partition(": ")[2],
        )
        for number, line in enumerate(lines)
    ]


TRUE = [
    (("Mira: the release is not ready yet",), "The release is not ready."),
    (("Mira: the release isn't ready yet",), "The release is not ready."),
    (("Mira: the release is ready",), "The release is ready."),
    (("Jonas: I can't reach the server in Graz",), "Jonas cannot reach the server in Graz."),
    (("Jonas: I cannot reach the server in Graz",), "Jonas is unable to reach the server."),
    (("Jonas: we never deploy on Fridays",), "The team does not deploy on Fridays."),
    (("Lena: nobody answered the customer",), "The customer was not answered."),
    (("Lena: the board approved the budget",), "The board approved the budget."),
    (("Lena: the board rejected the budget",), "The board did not approve the budget."),
    (("Lena: the board did not approve the budget",), "The board rejected the budget."),
    (("Eva: the tests fail on Windows",), "The tests do not pass on Windows."),
    (("Eva: please close the ticket",), "The ticket should be closed."),
    (("Eva: are the lockers offline?", "Jonas: yes"), "The lockers are offline."),
    (("Eva: are the lockers offline?", "Jonas: no, they are back"), "The lockers are not offline."),
    (("Eva: did the backup run?",), "Eva asks whether the backup ran."),
    (("Jonas: don't restart the server",), "Jonas says not to restart the server."),
    (("Jonas: the server works without the proxy",), "The server works without the proxy."),
    (("Jonas: I no longer use the old script",), "Jonas does not use the old script any more."),
    (("Jonas: not only the server but the proxy is slow",), "The server and the proxy are slow."),
    (("Mira: I can't wait for the new release",), "Mira looks forward to the new release."),
    (("Mira: no problem, I will send the invoice",), "Mira will send the invoice."),
    (("Mira: no, I will send the invoice tomorrow",), "Mira will send the invoice."),
    (("Tom: I don't know if the certificate expired",), "Tom does not know whether the certificate expired."),
    (("Tom: idk which certificate expired",), "Tom does not know which certificate expired."),
    (("Tom: if the disk is not full we can wait",), "They can wait if the disk is not full."),
    (("Tom: the disk is full", "Eva: no it isn't, that disk is empty"), "The disk is empty."),
    (("Lena: the office is closed on Monday",), "The office is not open on Monday."),
    (("Lena: the price went down, it decreased by half",), "The price decreased."),
    (("Lena: hardly anybody came to the meeting",), "Almost nobody came to the meeting."),
    (("Ina: der Server läuft nicht mehr",), "Der Server läuft nicht."),
    (("Ina: wir haben keine Lizenz für das Tool",), "Wir haben keine Lizenz."),
    (("Luc: le serveur ne marche pas",), "Le serveur ne marche pas."),
    (("Luc: on n'a jamais testé la version",), "La version n'est pas testé."),
    (("Ana: el servidor no funciona",), "El servidor no funciona."),
    (("Ana: nunca probamos la copia",), "La copia no se prueba, nunca probamos."),
    (("Mira: the door is locked and the alarm is on",), "The door is locked."),
    (("Mira: I won't be late for the meeting",), "Mira will not be late for the meeting."),
    (("Mira: we failed to renew the domain",), "The domain was not renewed, they failed to renew it."),
    (("Mira: the feature is disabled for guests",), "The feature is not enabled for guests."),
    (("Mira: it isn't impossible to merge the branch",), "It is possible to merge the branch."),
    (("Mira: the invoice is unpaid",), "The invoice is not paid."),
    (("Mira: I leave the office at nine",), "Mira does not leave the office until nine."),
    (("Юра: сервер не работает",), "Сервер не работает."),
    (("美咲: サーバーが落ちています",), "サーバーが落ちています。"),
    (("علي: الخادم لا يعمل",), "الخادم لا يعمل."),
]

TURNED = [
    (("Mira: the release is ready for the customers",), "The release is not ready for the customers."),
    (("Mira: the release is not ready yet",), "The release is ready."),
    (("Mira: the release isn’t ready yet",), "The release is ready."),
    (("Jonas: I can reach the server in Graz",), "Jonas cannot reach the server in Graz."),
    (("Jonas: I can't reach the server in Graz",), "Jonas can reach the server in Graz."),
    (("Jonas: I can ' t reach the server in Graz",), "Jonas can reach the server in Graz."),
    (("Jonas: we never deploy on Fridays",), "They deploy on Fridays."),
    (("Jonas: we always deploy on Fridays",), "They never deploy on Fridays."),
    (("Lena: the board approved the budget",), "The board rejected the budget."),
    (("Lena: the board rejected the budget",), "The board approved the budget."),
    (("Lena: the customer accepted our offer",), "The customer declined the offer."),
    (("Lena: I agree with the new plan",), "Lena disagrees with the new plan."),
    (("Eva: the tests pass on Windows",), "The tests fail on Windows."),
    (("Eva: all tests failed on Windows",), "The tests passed on Windows."),
    (("Eva: the lockers are offline since Monday",), "The lockers are online since Monday."),
    (("Eva: the lockers in Graz are online again",), "The lockers in Graz are offline again."),
    (("Eva: please enable the new login",), "The new login should be disabled."),
    (("Eva: the office is open on Monday",), "The office is closed on Monday."),
    (("Jonas: don't restart the server today",), "Jonas says to restart the server."),
    (("Jonas: restart the server today",), "The server should not be restarted today."),
    (("Jonas: the price will increase in June",), "The price will decrease in June."),
    (("Jonas: start the import before the meeting",), "The import should stop before the meeting."),
    (("Jonas: we meet before the release",), "They meet after the release."),
    (("Jonas: call me after the meeting",), "Jonas wants a call before the meeting."),
    (("Mira: remove the old key from the list",), "The old key should be added to the list."),
    (("Mira: guests are allowed to post in the channel",), "Guests are forbidden to post in the channel."),
    (("Mira: guests are not allowed to post in the channel",), "Guests are allowed to post in the channel."),
    (("Mira: the server is up again",), "The server is down again."),
    (("Mira: the staging server is down",), "The staging server is up."),
    (("Mira: ship it with the new logo",), "They ship it without the new logo."),
    (("Mira: I finished the report without the figures",), "Mira finished the report with the figures."),
    (("Tom: nobody answered the customer",), "Somebody answered the customer."),
    (("Tom: I will send the invoice tomorrow",), "Tom won't send the invoice tomorrow."),
    (("Tom: I won't send the invoice",), "Tom will send the invoice."),
    (("Tom: I no longer use the old script",), "Tom uses the old script."),
    (("Tom: is the disk full?", "Eva: yes"), "The disk is not full."),
    (("Tom: the backup failed to start",), "The backup started."),
    (("Tom: we have no license for the tool",), "They have a license for the tool."),
    (("Tom: we have a license for the tool",), "They have no license for the tool."),
    (("Tom: the invoice is unpaid",), "The invoice is paid."),
    (("Tom: can you check the parcel that has not arrived?",), "Tom did not ask about the parcel."),
    (("Tom: the server in Graz is slow today",), "Tom will not repair the server."),
    (("Tom: I'm sorry that I send the invoice so late",), "Tom won't send the invoice."),
    (("Ina: der Server läuft nicht mehr",), "Der Server läuft."),
    (("Ina: der Server läuft wieder",), "Der Server läuft nicht."),
    (("Ina: wir haben keine Lizenz für das Tool",), "Wir haben eine Lizenz für das Tool."),
    (("Luc: le serveur ne marche pas",), "Le serveur marche."),
    (("Luc: le serveur marche bien",), "Le serveur ne marche pas."),
    (("Ana: el servidor no funciona",), "El servidor funciona."),
    (("Ana: el servidor funciona otra vez",), "El servidor no funciona."),
]


def test_there_are_at_least_forty_of_each() -> None:
    assert len(TRUE) >= 40
    assert len(TURNED) >= 40


@pytest.mark.parametrize(("lines", "sentence"), TRUE)
def test_a_true_sentence_is_left_alone(lines: tuple[str, ...], sentence: str) -> None:
    assert turned_round(sentence, talk(*lines)) == []


@pytest.mark.parametrize(("lines", "sentence"), TURNED)
def test_a_sentence_that_is_turned_round_is_found(lines: tuple[str, ...], sentence: str) -> None:
    assert {found.kind for found in turned_round(sentence, talk(*lines))} == {"negation"}


@pytest.mark.parametrize(
    "line", ["Юра: сервер работает", "美咲: サーバーが落ちています", "علي: يعمل", "Mira: 🎉🎉", "Mira: ", "Mira: ???"]
)
@pytest.mark.parametrize(
    "sentence",
    ["Сайт не упал.", "サーバーは落ちていません。", "لا يعمل", "🎉 no 🎉", "", "not", "The server is not slow."],
)
def test_what_shares_no_words_is_never_reported(line: str, sentence: str) -> None:
    assert turned_round(sentence, talk(line)) == []
    assert turned_round(sentence, []) == []


def test_only_the_clause_that_is_turned_is_named() -> None:
    sources = talk("Mira: the release is ready for the customers", "Jonas: I will not restart the old server")
    (found,) = turned_round("The release is ready for the customers, and Jonas will restart the old server.", sources)
    assert found.text == "Jonas will restart the old server"


def test_one_message_that_agrees_is_enough() -> None:
    sources = talk("Mira: the release is not ready", "Jonas: now the release is ready")
    assert turned_round("The release is ready.", sources) == []
    assert turned_round("The release is ready.", sources[:1])


@pytest.mark.shared
def test_false_alarms_on_what_people_wrote_stay_below_five_in_a_hundred(shared: Path) -> None:
    """The catch rates are in docs/grounding.md; here only that they do not fall far."""
    rates = measure(shared / "data" / "chats" / "dialogsum.jsonl")["rates"]
    assert rates["negation: true"]["rate"] < 0.05
    assert rates["speaker: true"]["rate"] < 0.05
    assert rates["negation: caught"]["rate"] > 0.55
    assert rates["speaker: caught"]["rate"] > 0.4
