"""Grounding: a sentence with a wrong date, name or amount is rejected; a true paraphrase is kept."""

from datetime import UTC, datetime

import pytest

from slmigrate.grounding.check import check
from slmigrate.records import Message

PEOPLE = ("Mira", "Jonas", "Priya", "Tomasz", "Lena", "Samuel", "Eva")


def said(author: str, content: str, at: str = "2026-05-12T09:00:00", *, mentions: tuple[str, ...] = ()) -> Message:
    time = datetime.fromisoformat(at).replace(tzinfo=UTC)
    return Message(id="1", author=author, author_id=author, timestamp=time, content=content, mentions=mentions)


TALK = [
    said("Mira", "release 4.2 goes out on 12.05. and the invoice is 1,000 EUR"),
    said("Jonas", "I'll patch 14 servers tomorrow at 15:00, it needs 3 GB of disk", "2026-05-11T10:00:00"),
    said("Priya", "45 % of the 2,400 phones are on Android 14, see https://git.example.org/pull/812"),
    said("Tomasz", "the contract ends on Friday, 15 May; two weeks notice", mentions=("Lena",)),
    said("Samuel", 'the customer wrote "where is my parcel" to desk 9 at 8:30'),
]

TRUE = [
    ("Release 4.2 goes out on 12 May.", "a month by name"),
    ("Release 4.2 goes out on May 12th.", "the month first"),
    ("Release 4.2 goes out on 2026-05-12.", "ISO"),
    ("Release 4.2 goes out on 12 May 2026.", "the year of the message"),
    ("Release 4.2 goes out on Tuesday.", "the weekday of the date"),
    ("Release 4.2 goes out on Tuesday, 12 May.", "weekday and date that agree"),
    ("Release 4.2 goes out on the 12th of May.", "an ordinal day"),
    ("Release 4.2 goes out in May.", "only the month"),
    ("The invoice is 1k EUR.", "1k for 1,000"),
    ("The invoice is 1000 euros.", "no separator, the currency as a word"),
    ("The invoice is €1,000.", "the symbol in front"),
    ("The invoice is EUR 1 000.", "the code in front, a space as separator"),
    ("The invoice is 1.000 EUR.", "a dot as separator"),
    ("Jonas will patch 14 servers on 12 May.", "tomorrow, resolved"),
    ("Jonas will patch the servers on Tuesday.", "tomorrow, as a weekday"),
    ("Jonas will patch 14 servers tomorrow.", "the same relative word"),
    ("Jonas will patch fourteen servers? No: 14 servers at 3pm.", "3pm for 15:00"),
    ("Patching starts at 3 p.m.", "3 p.m."),
    ("The patch needs 3GB of disk.", "no space before the unit"),
    ("The patch needs 3 gigabytes.", "the unit as a word"),
    ("45% of the phones run Android 14.", "no space before %"),
    ("45 percent of 2400 phones run Android 14.", "percent as a word"),
    ("The link is https://git.example.org/pull/812.", "a link at the end of a sentence"),
    ("The contract ends on 15 May.", "the date alone"),
    ("The contract ends on Friday.", "the weekday alone"),
    ("The contract ends on Friday 15.05.2026.", "day first with the year"),
    ("The contract has 2 weeks notice.", "a number word as a digit"),
    ("Tomasz told Lena about the contract.", "somebody who is only mentioned"),
    ('The customer asked "where is my parcel".', "a quotation"),
    ('The customer asked "Where is my parcel?"', "a quotation with a capital and a question mark"),
    ("Samuel has a question at desk 9 since 08:30.", "a leading zero"),
    ("They agreed on the release and the contract.", "no facts at all"),
    ("Mira and Jonas plan the release.", "two names at the start"),
    ("According to Priya, most phones are fine.", "an opening word with a capital"),
]

FALSE = [
    ("Release 4.2 goes out on 13 May.", "date", "another day"),
    ("Release 4.2 goes out on 12 June.", "date", "another month"),
    ("Release 4.2 goes out on 12 May 2027.", "date", "another year"),
    ("Release 4.2 goes out on 2026-05-21.", "date", "digits turned round"),
    ("Release 4.2 goes out on Wednesday, 12 May.", "date", "weekday and date that do not agree"),
    ("Release 4.2 goes out on Thursday.", "date", "another weekday"),
    ("Release 4.2 goes out yesterday.", "date", "another relative day"),
    ("The contract ends in July.", "date", "a month that nobody named"),
    ("Release 4.3 goes out on 12 May.", "number", "another version"),
    ("The invoice is 1,100 EUR.", "number", "another amount"),
    ("The invoice is 10,000 EUR.", "number", "ten times as much"),
    ("The invoice is 100 EUR.", "number", "a tenth"),
    ("The invoice is 1,000 USD.", "number", "another currency"),
    ("The invoice is $1,000.", "number", "another currency, as a symbol"),
    ("The invoice is 1,000 %.", "number", "a percentage for an amount"),
    ("The invoice is 2k EUR.", "number", "another amount with k"),
    ("Jonas will patch 15 servers.", "number", "one more"),
    ("Jonas will patch twelve servers.", "number", "another number as a word"),
    ("Jonas patches 14 servers at 16:00.", "time", "another hour"),
    ("Jonas patches 14 servers at 3am.", "time", "the wrong half of the day"),
    ("The patch needs 3 MB of disk.", "number", "another unit"),
    ("The patch needs 3 TB of disk.", "number", "another unit, larger"),
    ("54 % of the phones are on Android 14.", "number", "digits turned round"),
    ("45 % of the 2,500 phones are affected.", "number", "another total"),
    ("The contract has three weeks notice.", "number", "another number of weeks"),
    ("The contract has two months notice.", "number", "months for weeks"),
    ("Eva will patch the servers.", "name", "somebody of the team who is not there"),
    ("Bruno will patch the servers.", "name", "somebody who does not exist, at the start"),
    ("The servers are patched by Ingrid.", "name", "somebody who does not exist"),
    ("The servers of Amazon are patched.", "name", "a company that nobody named"),
    ("Everybody should ask @Bruno.", "mention", "a mention of nobody"),
    ("See https://git.example.org/pull/813.", "link", "another link"),
    ("See https://evil.example.com/pull/812.", "link", "another host"),
    ('The customer wrote "I want my money back".', "quote", "words that nobody said"),
    ("Mira said “the release is cancelled”.", "quote", "typographic quotation marks"),
    ("The customer was at desk 9 at 8:45.", "time", "other minutes"),
]


def test_there_are_at_least_thirty_of_each() -> None:
    assert len(TRUE) >= 30
    assert len(FALSE) >= 30


@pytest.mark.parametrize("sentence", [pytest.param(text, id=why) for text, why in TRUE])
def test_a_true_paraphrase_is_kept(sentence: str) -> None:
    assert check(sentence, TALK, people=PEOPLE) == []


@pytest.mark.parametrize(("sentence", "kind"), [pytest.param(text, kind, id=why) for text, kind, why in FALSE])
def test_a_planted_error_is_rejected(sentence: str, kind: str) -> None:
    found = check(sentence, TALK, people=PEOPLE)
    assert kind in {part.kind for part in found}, found


def test_only_the_messages_that_are_given_count() -> None:
    assert check("The invoice is 1,000 EUR.", TALK[1:], people=PEOPLE)
    assert check("Mira has an invoice.", TALK[1:], people=PEOPLE)


def test_a_message_without_a_time_supports_dates_as_written() -> None:
    message = Message(id="1", author="Mira", author_id="1", timestamp=None, content="out on 12.05. and tomorrow")
    assert check("It is out on 12 May.", [message]) == []
    assert check("It is out on 13 May.", [message])


def test_a_relative_day_is_resolved_against_its_own_message() -> None:
    late = [said("Mira", "tomorrow then", "2026-05-31T23:00:00")]
    assert check("Mira means 1 June.", late, people=PEOPLE) == []
    assert check("Mira means 31 May.", late, people=PEOPLE)
