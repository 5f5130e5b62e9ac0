"""Grounding: a sentence that gives somebody another's words or deeds is found, and a true one is left alone."""

from datetime import UTC, datetime, timedelta

import pytest

from slmigrate.grounding.speakers import wrong_speakers
from slmigrate.records import Message

PEOPLE = ("Mira", "Jonas", "Priya", "Tomasz", "Lena", "Samuel", "Anna Lee", "max_power", "Will", "#Person1#")


def talk(*lines: str) -> list[Message]:
    """ "Author: text" lines, a minute apart; "Author > Other: text" replies to Other's last message."""
    start = datetime(2026, 5, 12, 9, tzinfo=UTC)
    found: list[Message] = []
    for number, line in enumerate(lines):
        who, _, content = line.partition(": ")
        author, _, other = who.partition(" > ")
        reply = next((message.id for message in reversed(found) if message.author == other), None)
        at = start + timedelta(minutes=number)
        found.append(
            Message(id=str(number), author=author, author_id=author, timestamp=at, content=content, reply_to=reply)
        )
    return found


OUTAGE = (
    "Tomasz: 14 lockers in Graz are offline since this morning",
    "Jonas: their certificates expired last night",
    "Samuel: I have nine tickets of angry customers already",
    "Jonas: I'll issue new certificates tomorrow",
    "Tomasz: thanks, that will bring the lockers back",
    "Mira > Samuel: can you write to the customers?",
    "Samuel: sure",
    "Lena: we should monitor the expiry dates, I suggest a calendar entry",
    "Mira: good idea, Lena. I'd rather have an alarm though",
)
PLANS = (
    "Mira: I want to move the workshop to Vienna",
    "Lena: Vienna is too expensive, I prefer Linz",
    "Priya: my train leaves at noon, so I will miss the dinner",
    "Mira: @Priya you should book a later train",
    "Jonas: who brings the projector?",
    "Priya: I'll bring the projector",
    "Lena: Samuel told me that he is ill, he can't come",
)

TRUE = [
    (OUTAGE, "Jonas will issue new certificates."),
    (OUTAGE, "Jonas will issue new certificates tomorrow so that the lockers are back."),
    (OUTAGE, "Jonas says that the certificates expired."),
    (OUTAGE, "Jonas said the certificates of the lockers expired last night."),
    (OUTAGE, "Tomasz reports that the lockers in Graz are offline."),
    (OUTAGE, "Tomasz thanks Jonas for the new certificates."),
    (OUTAGE, "Tomasz thanks Jonas."),
    (OUTAGE, "Samuel has nine tickets of angry customers."),
    (OUTAGE, "Samuel has nine tickets and Jonas will issue new certificates."),
    (OUTAGE, "Samuel will write to the customers."),
    (OUTAGE, "Mira asks Samuel to write to the customers."),
    (OUTAGE, "Mira asked Samuel whether he can write to the customers."),
    (OUTAGE, "Lena suggests a calendar entry."),
    (OUTAGE, "Lena suggests to monitor the expiry dates."),
    (OUTAGE, "Mira would rather have an alarm."),
    (OUTAGE, "Mira agrees with Lena."),
    (OUTAGE, "Mira likes the idea of Lena but wants an alarm."),
    (OUTAGE, "Tomasz and Jonas talk about the lockers in Graz."),
    (OUTAGE, "Jonas's certificates expired last night."),
    (OUTAGE, "The lockers that Tomasz reported are offline."),
    (OUTAGE, "He will issue new certificates tomorrow."),
    (OUTAGE, "They will write to the customers."),
    (OUTAGE, "The certificates expired last night."),
    (PLANS, "Mira wants to move the workshop to Vienna."),
    (PLANS, "Lena prefers Linz."),
    (PLANS, "Lena thinks that Vienna is too expensive."),
    (PLANS, "Lena finds Vienna too expensive and prefers Linz."),
    (PLANS, "Priya will miss the dinner because her train leaves at noon."),
    (PLANS, "Priya brings the projector."),
    (PLANS, "Priya should book a later train."),
    (PLANS, "Mira tells Priya to book a later train."),
    (PLANS, "Jonas asks who brings the projector."),
    (PLANS, "Samuel is ill."),
    (PLANS, "Samuel can't come."),
    (PLANS, "Lena says Samuel is ill."),
    (("Anna Lee: I deploy the hotfix tonight", "Mira: thanks"), "Anna deploys the hotfix tonight."),
    (("Anna Lee: I deploy the hotfix tonight", "Mira: thanks"), "Anna Lee deploys the hotfix tonight."),
    (("max_power: I deploy the hotfix tonight", "Mira: thanks"), "max_power deploys the hotfix tonight."),
    (("Jonas: @Mira can you check the backup?", "Mira: yes"), "Mira will check the backup."),
    (("Jonas: Mira will check the backup", "Lena: fine"), "Mira will check the backup."),
    (("Jonas: ich stelle neue Zertifikate aus", "Mira: danke"), "Jonas stellt neue Zertifikate aus."),
    (("Jonas: je prépare le rapport", "Mira: merci"), "Jonas prépare le rapport."),
    (("Jonas: we meet in the lobby at the entrance", "Mira: ok"), "Mira meets Jonas in the lobby."),
    (("#Person1#: I lost my passport", "#Person2#: call the embassy"), "#Person1# lost a passport."),
    (("Юра: я починю сервер", "Mira: ok"), "Юра починит сервер."),
    (("美咲: サーバーを直します", "Mira: ok"), "美咲 will repair it."),
]

WRONG = [
    (OUTAGE, "Mira will issue new certificates."),
    (OUTAGE, "Samuel will issue new certificates tomorrow."),
    (OUTAGE, "Tomasz issues new certificates tomorrow."),
    (OUTAGE, "Lena says that the certificates expired."),
    (OUTAGE, "Samuel said the certificates expired last night."),
    (OUTAGE, "Jonas reports that the lockers in Graz are offline."),
    (OUTAGE, "Lena reports that 14 lockers in Graz are offline."),
    (OUTAGE, "Jonas has nine tickets of angry customers."),
    (OUTAGE, "Mira has nine tickets of angry customers already."),
    (OUTAGE, "Lena has nine tickets and Jonas will issue new certificates."),
    (OUTAGE, "Samuel has nine tickets and Mira will issue new certificates."),
    (OUTAGE, "Samuel has nine tickets, but Lena will issue new certificates."),
    (OUTAGE, "Samuel asks Mira to write to the customers."),
    (OUTAGE, "Tomasz asked Samuel to write to the customers."),
    (OUTAGE, "Lena asked whether Samuel can write to the customers."),
    (OUTAGE, "Samuel suggests a calendar entry."),
    (OUTAGE, "Tomasz suggests to monitor the expiry dates."),
    (OUTAGE, "Mira suggests a calendar entry for the expiry dates."),
    (OUTAGE, "Samuel would rather have an alarm."),
    (OUTAGE, "Samuel brings the lockers back."),
    (OUTAGE, "Tomasz tells Priya that the lockers are offline."),
    (OUTAGE, "Jonas thanks Priya."),
    (PLANS, "Lena wants to move the workshop to Vienna."),
    (PLANS, "Priya wants to move the workshop to Vienna."),
    (PLANS, "Mira prefers Linz because Vienna is too expensive."),
    (PLANS, "Jonas thinks that Vienna is too expensive."),
    (PLANS, "Priya thinks that Vienna is expensive and Lena brings the projector."),
    (PLANS, "Jonas will miss the dinner because his train leaves at noon."),
    (PLANS, "Mira will miss the dinner."),
    (PLANS, "Mira brings the projector."),
    (PLANS, "Lena brings the projector."),
    (PLANS, "Jonas should book a later train."),
    (PLANS, "Lena should book a later train."),
    (PLANS, "Jonas tells Priya to book a later train."),
    (PLANS, "Priya tells Mira to book a later train."),
    (PLANS, "Lena asks who brings the projector."),
    (PLANS, "Mira is ill."),
    (PLANS, "Jonas says Samuel is ill."),
    (PLANS, "Jonas told Tomasz to bring the projector."),
    (("Anna Lee: I deploy the hotfix tonight", "Mira: thanks"), "Mira deploys the hotfix tonight."),
    (("max_power: I deploy the hotfix tonight", "Mira: thanks"), "Mira deploys the hotfix tonight."),
    (("Mira: I deploy the hotfix tonight", "max_power: thanks"), "max_power deploys the hotfix tonight."),
    (("Jonas: @Mira can you check the backup?", "Mira: yes"), "Jonas checks the backup."),
    (("Jonas: ich stelle neue Zertifikate aus", "Mira: danke"), "Mira stellt neue Zertifikate aus."),
    (("Jonas: je prépare le rapport", "Mira: merci"), "Mira prépare le rapport."),
    (("#Person1#: I lost my passport", "#Person2#: call the embassy"), "#Person2# lost a passport."),
]


def test_there_are_at_least_forty_of_each() -> None:
    assert len(TRUE) >= 40
    assert len(WRONG) >= 40


@pytest.mark.parametrize(("lines", "sentence"), TRUE)
def test_what_is_theirs_is_left_alone(lines: tuple[str, ...], sentence: str) -> None:
    assert wrong_speakers(sentence, talk(*lines), PEOPLE) == []


@pytest.mark.parametrize(("lines", "sentence"), WRONG)
def test_what_is_anothers_is_found(lines: tuple[str, ...], sentence: str) -> None:
    assert {found.kind for found in wrong_speakers(sentence, talk(*lines), PEOPLE)} == {"speaker"}


@pytest.mark.parametrize(
    "line", ["Юра: сервер работает", "美咲: サーバーが落ちています", "علي: يعمل", "Mira: 🎉🎉", "Mira: ", "Mira: ???"]
)
@pytest.mark.parametrize(
    "sentence",
    ["Юра починит сервер.", "美咲はサーバーを直す。", "علي يعمل", "🎉 Mira 🎉", "", "Mira", "Jonas repairs it."],
)
def test_what_shares_no_words_is_never_reported(line: str, sentence: str) -> None:
    assert wrong_speakers(sentence, talk(line, "Jonas: ok"), (*PEOPLE, "Юра", "美咲", "علي")) == []
    assert wrong_speakers(sentence, [], PEOPLE) == []


def test_the_name_that_is_wrong_is_given() -> None:
    (found,) = wrong_speakers("Mira will issue new certificates.", talk(*OUTAGE), PEOPLE)
    assert found.text == "Mira"


def test_a_nickname_that_is_a_word_too_is_not_looked_up() -> None:
    assert wrong_speakers("Will issues new certificates.", talk(*OUTAGE, "Will: hi"), PEOPLE) == []


def test_names_with_signs_of_patterns_are_names() -> None:
    sources = talk("a+b(c: I deploy the hotfix tonight", "[x]*: thanks")
    assert wrong_speakers("[x]* deploys the hotfix tonight.", sources, ["a+b(c", "[x]*"])
    assert wrong_speakers("a+b(c deploys the hotfix tonight.", sources, ["a+b(c", "[x]*"]) == []


def test_words_that_both_say_are_either_ones() -> None:
    sources = talk(
        "Jonas: the certificates of the lockers in Graz expired",
        "Mira: the certificates of the lockers in Graz expired last night",
    )
    assert (
        wrong_speakers("Jonas says the certificates of the lockers in Graz expired last night.", sources, PEOPLE) == []
    )


def test_a_first_person_statement_belongs_to_its_author_alone() -> None:
    sources = talk("Mira: I'll take the ticket of the customer", "Jonas: the ticket is urgent")
    assert wrong_speakers("Mira takes the ticket of the customer.", sources, PEOPLE) == []
    assert wrong_speakers("Jonas takes the ticket of the customer.", sources, PEOPLE)


@pytest.mark.parametrize("text", ["#5# restarts it", "Jonas fixed #7# and \ue0009\ue001 too", "\ue0000\ue001"])
def test_what_looks_like_a_mark_of_ours_is_text(text: str) -> None:
    assert wrong_speakers(text, talk(f"Jonas: {text}", "Mira: ok"), PEOPLE) == []
