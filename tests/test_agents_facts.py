"""Grounding, kind by kind: one message, one sentence, and whether the message bears it out."""

import re
from datetime import UTC, datetime

import pytest

from slmigrate.grounding.check import check
from slmigrate.grounding.dates import find_days
from slmigrate.grounding.literals import find_codes
from slmigrate.grounding.quantities import find_quantities
from slmigrate.grounding.times import find_times
from slmigrate.records import Message

PEOPLE = (
    "Mira",
    "Jonas",
    "Eva",
    "Ina",
    "Lena",
    "raf256",
    "TheFearow",
    "Will",
    "max_power",
    "Bo",
    "Anna Lee",
    "[Away]Tom",
)


def said(content: str, *, author: str = "Mira", mentions: tuple[str, ...] = ()) -> Message:
    """A message of Tuesday, 12 May 2026."""
    time = datetime(2026, 5, 12, 9, tzinfo=UTC)
    return Message(id="1", author=author, author_id=author, timestamp=time, content=content, mentions=mentions)


KEPT = [
    # dates
    ("meeting on 05.12.", "The meeting is on 5 December."),
    ("meeting on 12.5.", "The meeting is on 12 May."),
    ("meeting on 12.05.26", "The meeting is on 12 May."),
    ("meeting on 22/05/2026", "The meeting is on 22 May."),
    ("meeting on 5/12/2026", "The meeting is on 5/12/2026."),
    ("meeting on Friday", "The meeting is on 15 May."),
    ("meeting next Friday", "The meeting is next Friday."),
    ("the meeting was last Friday", "The meeting was on 8 May."),
    ("the meeting was on 8 May", "The meeting was last Friday."),
    ("it was decided on Monday", "It was decided on 11 May."),
    ("ship it on Monday", "Ship it on 18 May."),
    ("meeting on 13 May", "The meeting is tomorrow."),
    ("meeting on Wednesday", "The meeting is tomorrow."),
    ("meeting on 12 May", "The meeting is today."),
    ("ship it on 20 May", "It ships next week."),
    ("meeting on 12 May", "The meeting is on the 12th."),
    ("shutdown on 2026-10-23T00:00", "The shutdown is on Oct 23."),
    ("3 percent may fail", "They may fail by 3%."),
    ("he sat down", "Sat down."),
    ("release 4.2 goes out on 12.05.", "They ship release 4.2."),
    ("4.2 goes out today", "Today they ship 4.2."),
    ("release 3.2. It is out", "The release is 3.2."),
    ("the score is 4.2.", "The score is 4.2 now."),
    # times
    ("it starts at 9:00", "It starts at 9."),
    ("it starts at 9:00", "It starts at 9 am."),
    ("it starts at 3pm", "It starts at 3:00."),
    ("it starts at 15:30", "It starts at 15.30."),
    ("lunch at 12:00", "Lunch is at noon."),
    # amounts and numbers
    ("it costs €500", "It costs 500."),
    ("it costs 1500", "It costs 1.5k."),
    ("it costs 1.5M EUR", "It costs 1,500,000 EUR."),
    ("it takes 1.5 hours", "It takes 90 minutes."),
    ("the contract ends in two weeks", "The contract ends in 14 days."),
    ("25 people came", "Twenty-five people came."),
    ("13 people came", "Thirteen people came."),
    ("12 people came", "A dozen people came."),
    ("100 users", "One hundred users."),
    ("the temperature is -5", "The temperature is -5."),
    ("between 5 and 7 people", "Between 5-7 people."),
    ("20 customers and 9 tickets", "There are 9 open tickets."),
    ("50 % of the users", "Half of the users are affected."),
    # versions, issues, codes, addresses
    ("2.1.3 is out", "Version 2.1.3 is out."),
    ("version 2.2 is out", "Version v2.2 is out."),
    ("issue #812 is open", "Issue 812 is open."),
    ("error 0x81", "Error 0x81 occurs."),
    ("10.0.0.1 is down", "10.0.0.1 is down."),
    ("the code is in main.py", "The code is in main.py."),
    ("go to https://good.example/x", "Go to good.example now."),
    ("mail to a@b.com", "Mail to a@b.com."),
    # names and quotations
    ("they use docker", "They use Docker."),
    ("the api is down", "The API is down."),
    ("two servers are down", "Servers are down."),
    ("he is late, we ask", "They will ask about it."),
    ("it is down", "He said 'it is down'."),
    ("it is users fault", "It's the users' fault."),
    # other scripts, and what cannot be seen
    ("it costs １２ EUR", "It costs 12 EUR."),
    ("it costs ١٢ EUR", "It costs 12 EUR."),
    ("release\u200b 4.2 is out 🎉", "Release 4.2 is out 🎉."),
    ("Jo\u200bnas restarts it", "Jonas restarts it."),
    # other languages: the same words
    ("drei Server sind down", "Drei Server sind down."),
    ("3 Server sind down", "Drei Server sind down."),
    ("Treffen am Freitag", "Das Treffen ist am Freitag."),
    ("Treffen am 3. Juni", "Das Treffen ist am 3. Juni."),
    ("réunion vendredi", "La réunion est vendredi."),
    ("la reunión es el 3 de junio", "La reunión es el 3 de junio."),
    # words for dates and numbers
    ("done by end of May", "It is done by the end of May."),
    ("released on 2026/06/03", "It was released on 3 June 2026."),
    ("it broke last night", "It broke last night."),
    ("due on 15 May", "It is due in mid-May."),
    ("due on 30 May", "It is due at the end of May."),
    ("due mid May", "It is due mid-May."),
    ("due on 15 May", "It is due on the fifteenth."),
    ("due on 21 May", "It is due on the twenty-first of May."),
    ("issue 812 is open", "They talk about #812."),
    ("see https://git.example/pull/812", "They talk about #812."),
    ("runs every day", "It runs daily."),
    ("I was there a week ago", "He was there a week ago."),
    ("I was there 7 days ago, that is 1 week", "He was there a week ago."),
    ("two people", "A couple of people."),
    ("it is -5 outside", "It is minus five outside."),
    ("it weighs 5 g", "It weighs 5 grams."),
    ("it costs ¥500", "It costs 500 yen."),
    # names and links in other clothes
    ("ask Jonas", "The Jonas-led restart."),
    ("Jonas restarts it", "Jonas's restart is done."),
    ("install raf256-tools", "They install raf256-tools."),
    ("see https://raf256.example/x and raf256.js", "See https://raf256.example/x and raf256.js."),
    ("a card needs 3DS", "A card needs 3DS."),
    ("we will see", "Will they see it?"),
    ("use the iPhone", "They use the iPhone."),
    ("edit /etc/hosts", "They edit /etc/hosts."),
    ("see [the doc](https://a.example/x)", "See https://a.example/x."),
    ("see <https://a.example/x>", "See [the doc](https://a.example/x)!"),
    ("ping <@123> in <#456>", "They ping <@123> in <#456>."),
    ("彼は「無理」と言った", "He said 「無理」."),
]

REJECTED = [
    # dates
    ("meeting on 12/05/2026", "The meeting is on 12 May."),  # or 5 December: nobody can tell
    ("meeting next Friday", "The meeting is on 22 May."),  # or 15 May
    ("meeting on 5/12/2026", "The meeting is on 12/5/2026."),
    ("the meeting was last Friday", "The meeting was on 15 May."),
    ("it was decided on Monday", "It was decided on 18 May."),
    ("ship it on Monday", "Ship it on 11 May."),
    ("meeting on Friday", "The meeting is on Saturday."),
    ("meeting on Friday", "The meeting is tomorrow."),
    ("meeting on Friday", "The meeting is every Friday."),
    ("ship it on 15 May", "It ships next week."),
    ("12 May 2025", "It was on 12 May 2026."),
    ("meeting on 12 May", "The meeting is on the 13th."),
    ("meeting on 12 May", "The meeting is on 31 February."),
    ("on sunday they meet", "On saturday they meet."),
    ("in april they meet", "In march they meet."),
    ("in 2024 it was", "It was in 2025."),
    ("Q2 is closed", "Q3 is closed."),
    ("release 4.2.", "It is out on 4 February."),
    ("the score is 4.2.", "It is out on 4 February."),
    ("release 4.2 goes out on 12.05.", "They ship release 4.3."),
    ("release 4.2.1 goes out", "They ship 4.2."),
    # times
    ("it starts at 9:00", "It starts at 9 pm."),
    ("it starts at 3", "It starts at 3pm."),
    ("deploy at 10:30", "The deploy is at 10:30 and 14:45."),
    # amounts and numbers
    ("it costs 500", "It costs €500."),
    ("it costs 500 euros", "It costs 500 dollars."),
    ("it costs 1.5k", "It costs 1.5 million."),
    ("the invoice is 1,840 EUR", "It costs 1.8k EUR."),
    ("the temperature is 5", "The temperature is -5."),
    ("it takes 5 minutes", "It takes 5 hours."),
    ("it takes 5 minutes", "5 people came."),
    ("5 people came", "It takes 5 minutes."),
    ("5 items for 3 EUR", "3 items for 5 EUR."),
    ("20 customers and 9 tickets", "There are 20 tickets."),
    ("20 people came and 5 left", "Twenty-five people came."),
    ("13 people came", "Seventeen people came."),
    ("12 people came", "A hundred people came."),
    ("300 users and 50 servers", "Three hundred and fifty users."),
    ("a few of the users are affected", "Half of the users are affected."),
    ("3 hours", "It takes 3½ hours."),
    ("he has 10.5", "He has 10."),
    ("the 3rd release is out", "The 4th release is out."),
    ("it took 3x longer", "It took 4x longer."),
    # versions, issues, codes, addresses
    ("2.1.3 is out", "Version 2.1.4 is out."),
    ("2.1.3 is out", "Version 2.1 is out."),
    ("v2.2 is out", "Version v2.1 is out."),
    ("issue #812 is open", "Issue #813 is open."),
    ("IPv4 is used", "IPv6 is used."),
    ("error E1234 occurs", "Error E1235 occurs."),
    ("10.0.0.1 is down", "10.0.0.2 is down."),
    ("the code is in main.py", "The code is in other.py."),
    ("go to www.good.example", "Go to www.evil.example now."),
    ("see https://example.com/a", "See example.com/b."),
    ("mail to a@c.com", "Mail to a@b.com."),
    ("in #random they met", "In #general they met."),
    # names and quotations
    ("I evaluated and fixed it", "Eva fixed it."),
    ("finally, it is fixed", "Ina fixed it."),
    ("left", "Karl left."),
    ("it runs", "Google runs it."),
    ("they use docker", "They use Kubernetes."),
    ("it is down", "AWS is down."),
    ("it is down", "Mira Schmidt says it is down."),
    ("I will rename it", "The page is renamed by thefearow."),
    ("I restart", "max_power restarts."),
    ("he is late, we will see", "They ask Will about it."),
    ("I restart it", "Tom restarts it."),
    ("it is down", "He said 'never again'."),
    ("it is down", "He said `rm -rf`."),
    ("foo baz", "He says “foo bar"),  # a quotation that the length limit cut
    ("it is a downer", 'He said "is a down".'),
    # other scripts, and what cannot be seen
    ("it costs 12 EUR", "It costs １３ EUR."),
    ("it costs 12 EUR", "It costs ١٣ EUR."),
    ("it costs 12 EUR", "It costs ۱۳ EUR."),
    ("release 4.2 is out", "Release 4.\u200b3 is out."),
    ("it is down", "It is down, says Jo\u200bnas."),
    ("it is done", "It is step ③."),
    ("it is done", "Ask Владимир."),
    # other languages: nothing is translated, not even a number
    ("drei Server sind down", "Es sind vier Server down."),
    ("drei Server sind down", "Three servers are down."),
    ("zwölf Server sind down", "12 servers are down."),
    ("trois serveurs", "Il y a quatre serveurs."),
    ("tres servidores", "Hay cuatro servidores."),
    ("am 3. Juni", "Das ist am 4. Juni."),
    ("le 3 juin", "C'est le 3 juillet."),
    ("el 3 de junio", "Es el 3 de julio."),
    ("el viernes", "Es el sábado."),
    ("am Freitag", "It is on Saturday."),
    ("am Freitag", "It is on Friday."),
    # words for dates and numbers
    ("done by end of May", "It is done by the end of June."),
    ("released on 2026/06/03", "It was released on 2026/06/04."),
    ("it is done", "It was done last night."),
    ("due on 15 May", "It is due in early May."),
    ("due on 15 May", "It is due at the end of May."),
    ("due mid May", "It is due in late May."),
    ("due on 15 May", "It is due on the sixteenth."),
    ("due on 21 May", "It is due on the twenty-second of May."),
    ("it costs 5 EUR", "They talk about #5."),
    ("see https://a.example/x", "See //b.example/x."),
    ("see https://a.example/x", "See b[.]example."),
    ("it is done", "It was done this morning."),
    ("it is done", "It was done in the evening."),
    ("it is done", "It was done over the weekend."),
    ("it is done", "It was done a week ago."),
    ("it is done", "It will be done in a month."),
    ("I was there 1 day ago", "He was there a week ago."),
    ("it is done", "It was done last summer."),
    ("it is done", "It happens daily."),
    ("it is done", "It was done by a couple of people."),
    ("it is done", "It costs several thousand euros."),
    ("it is done", "It is tenfold."),
    ("it is 5", "It is minus five."),
    ("it weighs 5 kg", "It weighs 5 g."),
    ("it costs 5 EUR", "It costs ¥5."),
    ("it costs 5 cents", "It costs $5."),
    # names and links in other clothes
    ("nobody is there", "Will restarts it."),
    ("it is down", "The Jonas-led repair is done."),
    ("it is down", "They install raf256-tools."),
    ("install raf256-tools", "They install raf256-tools with raf256."),
    ("it is down", "The raf256 server is down."),
    ("it is down", "Jonas’ server is down."),
    ("it is done", "It is done by iPhone."),
    ("it is done", "They edit /etc/passwd."),
    ("it is done", "He said 「無理」."),
    ("see https://a.example/x", "See [the doc](https://a.example/y)."),
    ("see https://a.example/x", "See [https://a.example/x](https://evil.example/y)."),
    ("ping <@123>", "They ping <@124>."),
    ("v1.2.3-rc1 is out", "v1.2.3-rc2 is out."),
    ("meeting at 15:00 CET", "The meeting is at 15:00 UTC."),
]


@pytest.mark.parametrize(("content", "sentence"), KEPT)
def test_the_message_bears_it_out(content: str, sentence: str) -> None:
    assert check(sentence, [said(content)], people=PEOPLE) == []


@pytest.mark.parametrize(("content", "sentence"), REJECTED)
def test_the_message_does_not_bear_it_out(content: str, sentence: str) -> None:
    assert check(sentence, [said(content)], people=PEOPLE)


@pytest.mark.parametrize(
    ("author", "sentence"),
    [("Anna Lee", "Anna restarts it."), ("[Away]Tom", "Tom restarts it."), ("raf256", "Raf256 restarts it.")],
)
def test_who_writes_is_known_by_a_part_of_the_name(author: str, sentence: str) -> None:
    assert check(sentence, [said("I restart it", author=author)], people=PEOPLE) == []
    assert check(sentence, [said("I restart it")], people=PEOPLE)


def test_a_quotation_runs_inside_one_message() -> None:
    sources = [said("the release"), said("is cancelled")]
    assert check('Mira said "the release is cancelled".', sources, people=PEOPLE)


@pytest.mark.parametrize("sentence", [sentence for _, sentence in KEPT + REJECTED])
def test_no_digit_of_a_sentence_goes_unread(sentence: str) -> None:
    spans = [day.span for day in find_days(sentence)] + [time.span for time in find_times(sentence)]
    spans += [quantity.span for quantity in find_quantities(sentence)]
    left = "".join(" " if any(a <= n < b for a, b in spans) else letter for n, letter in enumerate(sentence))
    digits = {digit for word in re.findall(r"\S*\d\S*", left) for digit in re.findall(r"\d", word)}
    assert digits <= {digit for code in find_codes(sentence, spans) for digit in re.findall(r"\d", code)}
