"""Two thousand damaged files: none stops a scan, each is read or named with the reason, and none takes long."""

import json
import random
import re
import sysconfig
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from slmigrate.scan import find_calls
from slmigrate.scan.files import list_files
from slmigrate.scan.scanner import FAULT, Scanner

TODAY = date(2026, 11, 23)
MUTATED = 2_000
CALLS = (
    b"\nfrom openai import OpenAI\nimport os\nclient = OpenAI()\ndef ask(text, model=os.getenv('M', 'm')):\n"
    b"    return client.chat.completions.create(model=model, messages=[{'role': 'user', 'content': f'Say {text}'}])\n"
)
_WORD = re.compile(rb"\b[a-zA-Z_]\w{2,}\b")


def real_files() -> list[Path]:
    """Sources of middle size from the standard library and the installed packages."""
    roots = [Path(sysconfig.get_paths()[name]) for name in ("stdlib", "purelib")]
    found = [path for root in roots for path in sorted(root.rglob("*.py"))]
    return [path for path in found if 300 < path.stat().st_size < 12_000]


def mutated(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """One file with one kind of damage."""
    lines = data.split(b"\n")
    match chance.randrange(9):
        case 0:
            return data[: chance.randrange(len(data))]
        case 1:
            flipped = bytearray(data)
            for _ in range(4):
                flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
            return bytes(flipped)
        case 2:
            words = sorted(set(_WORD.findall(data)))
            swapped = {chance.choice(words): chance.choice(words) for _ in range(10)}
            return _WORD.sub(lambda match: swapped.get(match.group(), match.group()), data)
        case 3:
            return b"\n".join(line for line in lines if chance.random() > 0.03)
        case 4:
            return (
                b"# coding: "
                + chance.choice([b"utf-16", b"latin-1", b"cp1252", b"euc-jp", b"rot13", b"x"])
                + b"\n"
                + data
            )
        case 5:
            return data.decode("utf-8", "replace").encode(
                chance.choice(["utf-16", "utf-8-sig", "cp037", "utf-32"]), "replace"
            )
        case 6:
            return data + b"\n" + other
        case 7:
            return data.replace(b"    ", chance.choice([b"\t", b"   ", b""]), chance.randrange(40))
        case _:
            return (
                data[: len(data) // 2]
                + chance.choice([b"\0", b"\x0c", b"\r", b"\xff\xfe", b"\xed\xa0\x80"])
                + data[len(data) // 2 :]
            )


def odd_files() -> Iterator[tuple[str, bytes]]:
    """Files that are hard to parse, or to follow."""
    deep = 1_000
    yield "empty.py", b""
    yield "brackets.py", CALLS + b"x = " + b"(" * deep + b")" * deep
    yield "lists.py", CALLS + b"x = " + b"[" * 90 + b"]" * 90
    yield "ifs.py", CALLS + b"".join(b" " * depth + b"if x:\n" for depth in range(deep)) + b" " * deep + b"pass\n"
    yield "attributes.py", CALLS + b"x = client" + b".a" * deep + b".create()\n"
    yield "calls.py", CALLS + b"x = " + b"f(" * 90 + b"client" + b")" * 90 + b"\n"
    yield "chain.py", CALLS + b"x = client" + b".f()" * deep + b".create()\n"
    yield "sum.py", CALLS + b"model = " + b"+".join([b"'a'"] * deep) + b"\nask('', model)\n"
    yield "minus.py", CALLS + b"x = " + b"-" * 100_000 + b"1\n"
    yield (
        "elifs.py",
        CALLS + b"if a:\n  m = '0'\n" + b"".join(b"elif a == %d:\n  m = '%d'\n" % (i, i) for i in range(300)),
    )
    yield (
        "names.py",
        CALLS
        + b"m0 = 'm'\n"
        + b"".join(b"m%d = m%d or m%d\n" % (i + 1, i, i) for i in range(deep))
        + b"ask('', m999)\n",
    )
    yield "lambdas.py", CALLS + b"x = " + b"lambda: " * 80 + b"client.chat.completions.create(model='m')\n"
    yield "f_strings.py", CALLS + b"x = " + b"f'{" * 60 + b"1" + b"}'" * 60 + b"\n"
    yield (
        "classes.py",
        CALLS
        + b"".join(b"class C%d(C%d): pass\n" % (i, (i + 1) % deep) for i in range(deep))
        + b"C0().x.create(model=C1().y)\n",
    )
    yield "circle_a.py", b"from circle_b import *\nfrom circle_b import model\n" + CALLS
    yield "circle_b.py", b"from circle_a import *\nfrom circle_a import model\n" + CALLS
    yield "huge.py", b"x = 1\n" * 8_400_000
    yield "deep.ipynb", b"[" * 100_000
    yield "cut.ipynb", json.dumps({"cells": [{"cell_type": "code", "source": CALLS.decode()}]}).encode()[:-9]
    yield "numbers.ipynb", b'{"cells": [1, null, {"cell_type": "code", "source": [1]}, {"cell_type": "code"}]}'


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("damaged")
    chance = random.Random(20261123)
    sources = real_files()
    for number in range(MUTATED):
        data, other = (chance.choice(sources).read_bytes() for _ in range(2))
        (root / f"m{number:04}.py").write_bytes(mutated(data + CALLS, other, chance))
    for name, content in odd_files():
        (root / name).write_bytes(content)
    return root


def test_every_file_is_read_or_named_with_the_reason_and_none_takes_ten_seconds(damaged: Path) -> None:
    listing = list_files(damaged)
    scanner = Scanner(listing.base, listing.paths, TODAY)
    slowest, found, left = 0.0, 0, 0
    for path in listing.paths:
        started = time.perf_counter()
        looked = scanner.look(path)
        slowest = max(slowest, time.perf_counter() - started)
        found += bool(looked.sites)
        left += bool(looked.skipped)
        assert all(item.reason and "\n" not in item.reason and FAULT not in item.reason for item in looked.skipped)
    assert slowest < 10
    # real damage and real calls: neither all nor nothing is read
    assert 300 < left < 1_700
    assert found > 700


def test_a_scan_of_all_of_them_ends_and_is_the_same_twice(damaged: Path) -> None:
    first = find_calls(damaged, today=TODAY, processes=2)
    assert first.model_dump_json() == find_calls(damaged, today=TODAY).model_dump_json()
    named = {item.path for item in first.skipped}
    assert {"huge.py", "brackets.py", "minus.py", "deep.ipynb", "cut.ipynb"} <= named
