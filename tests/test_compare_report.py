"""The report: what stands in it, that it asks nobody, and that hostile text is text."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from types import MappingProxyType

import pytest
from report_run import build

from slmigrate.compare import figures
from slmigrate.compare.asked import Asked
from slmigrate.compare.cases import read_cases
from slmigrate.compare.markdown import report_markdown
from slmigrate.compare.outcome import Run
from slmigrate.compare.report import write_report
from slmigrate.compare.report.marking import Piece, mark_new, mark_old
from slmigrate.compare.report.plots import Point, quality_against_cost
from slmigrate.compare.run import compare
from slmigrate.records import Case, Comparison, Cost, Interval, JudgeFacts, Latency, TunedOld

Made = tuple[Comparison, tuple[Case, ...], Mapping[str, Run]]
VOID = {"meta", "br", "img", "link", "input", "hr"}
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Page(HTMLParser):
    """Tags, attributes and text of a page, and the tags that were left open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.values: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.values += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.values += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    comparison, cases, runs = build(tmp_path_factory.mktemp("report"))
    return comparison, cases, MappingProxyType(runs)


def test_the_page_is_whole_and_asks_nobody(made: Made) -> None:
    text = write_report(*made)
    page = Page(text)
    assert page.open == []
    assert not {"script", "img", "link", "iframe", "object", "embed", "form"} & set(page.tags)
    assert not [name for name, _ in page.values if name in ("src", "href", "action") or name.startswith("on")]
    assert "url(" not in text
    assert "@import" not in text
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.values


def test_the_verdicts_stand_first_with_their_reasons(made: Made) -> None:
    comparison, _, _ = made
    said = Page(write_report(*made)).text
    for result in comparison.new:
        assert said.index(result.why) < said.index("Size, speed, memory and quality")
    assert [result.verdict for result in comparison.new] == ["REVIEW", "NO-GO", "NO-GO"]
    assert "200 cases of cases.jsonl , paired, from 50 conversations" in said


def test_every_score_interval_guard_and_slice_of_the_record_is_on_the_page(made: Made) -> None:
    comparison, _, _ = made
    said = Page(write_report(*made)).text
    for result in comparison.new:
        for metric, kept in result.retention.items():
            assert metric in said
            assert figures.kept(kept) in said
        for mean in [*result.scores.values(), *comparison.old.scores.values()]:
            assert figures.score(mean) in said
        for guard in result.guards:
            assert figures.share(guard.new) in said
        for part in result.slices:
            assert f"{part.by}: {part.name}" in said
    extractive = comparison.new[2].cost
    assert figures.size(extractive.peak_rss_bytes) in said
    assert extractive.latency_seconds is not None
    assert figures.seconds(extractive.latency_seconds.p95) in said
    assert comparison.cases_sha256 in said
    assert "not known (nothing ran here), 500 MB is the limit" in said


def test_a_level_that_was_corrected_is_said_beside_its_interval(made: Made) -> None:
    said = Page(write_report(*made)).text
    assert "interval at 99.17 %" in said
    assert "Holm" in said


def test_cases_to_read_are_the_empty_ones_and_then_where_most_was_lost(made: Made) -> None:
    comparison, _, runs = made
    text = write_report(*made)
    part = text[text.index("recorded:careless.jsonl</bdi></h2>") :]
    ids = re.findall(r"<summary><bdi>(.*?)</bdi>", part)[:10]
    assert ids[0] == "chat-017"
    spec = comparison.new[1].spec
    lost = [b - a for a, b in zip(runs[spec].scores["rougeL"], runs[comparison.old.spec].scores["rougeL"], strict=True)]
    shown = [lost[int(each.removeprefix("chat-"))] for each in ids]
    assert sorted(shown, reverse=True) == sorted(lost, reverse=True)[:10], "the empty answer is among the worst"


def test_what_was_lost_what_is_new_and_what_is_made_up_are_marked_apart() -> None:
    case = Case(id="1", input="Ana pays 20 euro for the van.", references=("Ana pays for the van.",))
    old, new = "Ana pays for the van today.", "Ana rents a van for 30 euro."
    assert [piece for piece in mark_old(old, case, new) if piece.mark] == [Piece("pays", "lost")]
    marked = [piece for piece in mark_new(new, case, old) if piece.mark]
    assert marked[0] == Piece("rents", "own")
    assert any(piece.mark == "made-up" and "30" in piece.text for piece in marked)
    for text, pieces in ((old, mark_old(old, case, new)), (new, mark_new(new, case, old))):
        assert "".join(piece.text for piece in pieces) == text


HOSTILE = (
    '<script src="https://example.org/x.js"></script><img src=x onerror=alert(1)> & "q" \u202eright to left '
    + "w" * 10_000
)


def hostile(folder: Path) -> Made:
    lines = [{"id": f"<b>{n}</b> {HOSTILE}"[:400], "input": HOSTILE, "references": [HOSTILE]} for n in range(3)]
    path, answers = folder / "cases.jsonl", folder / "<i>old.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    answers.write_text("".join(json.dumps({"id": line["id"], "answer": HOSTILE}) + "\n" for line in lines))
    spec = f"recorded:{answers}"
    asked = Asked(cases=read_cases(path), cases_name=HOSTILE, old=spec, new=("extractive",), old_note=HOSTILE)
    comparison, runs = compare(asked, folder / "out")
    return comparison, asked.cases, runs


def test_hostile_text_is_shown_as_text(tmp_path: Path) -> None:
    text = write_report(*hostile(tmp_path))
    page = Page(text)
    assert page.open == []
    assert not {"script", "img", "b", "i"} & (set(page.tags) - {"b"})
    assert page.tags.count("b") == 1, "the name of the one candidate"
    assert not [name for name, _ in page.values if name.startswith("on") or name == "src"]
    assert "<script src=" in " ".join(page.words)


def test_old_models_run_otherwise_and_judges_are_shown_where_there_are_any(made: Made) -> None:
    comparison, cases, runs = made
    assert "run otherwise" not in Page(write_report(*made)).text
    tuned = TunedOld(
        name="num_beams 1",
        scores={"rougeL": 40.0},
        cost=Cost(latency_seconds=Latency(p50=1.5, p95=2.5), peak_rss_bytes=900_000_000, disk_bytes=1_600_000_000),
        retention={"rougeL": Interval(estimate=0.981, low=0.96, high=1.003, level=0.95, n=200)},
        speedup=2.4,
    )
    facts = JudgeFacts(spec="referee", wins=3, losses=5, ties=192, flipped=70, unread=2)
    more = comparison.model_copy(
        update={
            "old": comparison.old.model_copy(update={"tuned": (tuned,)}),
            "new": (comparison.new[0].model_copy(update={"judge": facts}), *comparison.new[1:]),
        }
    )
    said = Page(write_report(more, cases, runs)).text
    assert "num_beams 1 1.50 s, 2.50 s 2.4 times 900 MB 1.6 GB 98 % (96 to 100 %)" in said
    assert "referee preferred the new answer in 3 cases and the old one in 5" in said
    assert "of which 70 followed the place" in said


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_labels_in_the_plot_never_meet_and_never_run_off(count: int) -> None:
    points = [Point(name=f"a-model-with-a-name-{n}", cost=[0.01, None][n % 2], quality=40 + n) for n in range(count)]
    svg = quality_against_cost(points, quality="rougeL", cost="latency")
    labels = re.findall(r'<text x="([\d.]+)" y="([\d.]+)">([^<]*)</text>', svg)
    assert len(labels) == count
    boxes = [(float(x), float(y) - 12, float(x) + 7.2 * len(name), float(y) + 3) for x, y, name in labels]
    for number, one in enumerate(boxes):
        assert one[0] >= 0
        assert one[2] <= 640
        for other in boxes[:number]:
            assert one[0] >= other[2] or other[0] >= one[2] or one[1] >= other[3] or other[1] >= one[3]


def test_markdown_is_short_and_says_verdict_table_and_notes(made: Made) -> None:
    comparison, _, _ = made
    text = report_markdown(comparison, report="out/report.html")
    assert len(text.splitlines()) <= 60
    assert text.startswith("### REVIEW: can a smaller model take the place of hand-made stand-in?")
    assert "| rougeL kept |  | 105 % (101 to 109 %) |" in text
    assert "out/report.html" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {row.count(" | ") for row in rows} == {4}


def test_markdown_escapes_what_others_named(tmp_path: Path) -> None:
    text = report_markdown(hostile(tmp_path)[0])
    assert "<script" not in text.replace("\\<script", "")
    assert "\\<i\\>old.jsonl" in text


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (figures.size(98_300_000), "98 MB"),
        (figures.size(1_849_000_000), "1.8 GB"),
        (figures.seconds(0.00034), "0.3 ms"),
        (figures.seconds(1.506), "1.51 s"),
        (figures.parameters(134_515_008), "134.5M"),
        (figures.parameters(1_500_000_000), "1.5B"),
        (figures.share(0.13), "13.0 %"),
        (figures.size(None), "not known"),
        (figures.against(100, 20, less="smaller", more="larger"), "5.0 times smaller"),
        (figures.against(20, 100, less="smaller", more="larger"), "5.0 times larger"),
        (figures.against(100, 101, less="smaller", more="larger"), "about the same"),
        (figures.against(None, 101, less="smaller", more="larger"), ""),
    ],
)
def test_figures_are_said_in_one_way(shown: str, expected: str) -> None:
    assert shown == expected


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("kind", ["three candidates", "hostile"])
def test_in_a_browser_it_fits_the_window_and_no_request_is_made(
    made: Made, tmp_path: Path, width: int, kind: str
) -> None:
    assert BROWSER is not None
    text = write_report(*(made if kind == "three candidates" else hostile(tmp_path)))
    page = tmp_path / "report.html"
    # the width can only be asked by a script, which the page forbids; a window is never under 500 wide, a frame is
    asking = "<script>parent.document.title = document.documentElement.scrollWidth + ' of ' + innerWidth</script>"
    inner = re.sub(r'<meta http-equiv="Content[^>]*>', "", text).replace("</body>", asking + "</body>")
    frame = f'<iframe width="{width}" height="800" style="border: 0" srcdoc="{escape(inner, quote=True)}"></iframe>'
    page.write_text(f'<!doctype html><meta charset="utf-8"><title>?</title>{frame}')
    log = tmp_path / "net.json"
    command = [BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1400,900"]
    command += [f"--log-net-log={log}", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()]
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    wide, window = map(int, re.findall(r"<title>(\d+) of (\d+)</title>", found.stdout)[0])
    assert window == width
    assert wide <= width
    assert "example.org" not in log.read_text(errors="replace")
