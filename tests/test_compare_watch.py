"""A watch from run to run: what it refuses, what it remembers, when it says that quality is lost."""

import itertools
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from slmigrate.compare.baseline import UnfitBaseline, read_baseline
from slmigrate.compare.observations import NAME, WatchTaken
from slmigrate.compare.watch import pick, watch, watching
from slmigrate.errors import FileMissing, WrongFormat
from slmigrate.records import Comparison, Cost, Guard, Machine, NewResult, Observation, OldResult, Watched

WHEN = "2026-11-23T10:00:00+00:00"
MACHINE = Machine(cpu="a cpu", cores=1, threads=1, ram_bytes=1, python="3.12")


def candidate(spec: str = "small", verdict: Any = "GO", guards: tuple[Guard, ...] = ()) -> NewResult:
    return NewResult(
        spec=spec,
        verdict=verdict,
        why="",
        scores={"rougeL": 39.0},
        cost=Cost(),
        retention={},
        truncated_share=None,
        guards=guards,
    )


def guard(name: Any, new: float = 0.02) -> Guard:
    return Guard(name=name, old=0.02, new=new, margin=0.03, p=1.0, kept=True)


def baseline(folder: Path, *new: NewResult, **changes: Any) -> Path:
    """A folder as `compare` leaves it."""
    results = new or (candidate(),)
    facts: dict[str, Any] = {
        "id": "20261101T100000000-aaaa",
        "created": WHEN,
        "verdict": results[0].verdict,
        "retain": 0.95,
        "metric": "rougeL",
        "n": 200,
        "cases": "cases.jsonl",
        "cases_sha256": "0",
        "seed": 0,
        "old": OldResult(spec="recorded:old.jsonl", scores={"rougeL": 40.0}, cost=Cost()),
        "new": results,
        "machine": MACHINE,
    }
    folder.mkdir(exist_ok=True)
    (folder / "comparison.json").write_text(Comparison(**(facts | changes)).model_dump_json())
    return folder


def traffic(kept: float, n: int = 100, start: int = 0, **more: Any) -> list[Observation]:
    """Cases with old scores around 40 and new ones of which `kept` is kept."""
    numbers = random.Random(start)
    cases = []
    for number in range(start, start + n):
        old = 40 + numbers.uniform(-15, 15)
        new = kept * (40 + numbers.uniform(-15, 15))
        cases.append(Observation(id=f"t{number}", when=WHEN, old=old, new=new, **more))
    return cases


def flagged(n: int, every: int, *, name: str = "made_up", start: int = 0) -> list[Observation]:
    """Traffic that nothing can score; every so manieth answer is bad."""
    return [
        Observation(id=f"f{number}", when=WHEN, flags={name: number % every == 0}) for number in range(start, start + n)
    ]


def lines(folder: Path) -> list[str]:
    return (folder / NAME).read_text().splitlines()


def test_quality_that_is_kept_is_no_alarm_and_says_how_much(tmp_path: Path) -> None:
    found = watch(baseline(tmp_path), traffic(1.0), metric="rougeL")
    assert not found.lost
    assert found.lost_at == ()
    assert found.take_back is None
    assert (found.n, found.n_new, found.n_known, found.n_scored, found.n_paired) == (100, 100, 0, 100, 100)
    assert found.kept == pytest.approx(1.0, abs=0.05)
    assert found.e_value < 2
    assert found.why.startswith("no loss is shown by 100 cases: keeps ")
    assert "95 % was asked" in found.why
    assert found.notes == ()


def test_quality_that_is_lost_says_since_when_how_much_and_how_to_go_back(tmp_path: Path) -> None:
    folder = baseline(tmp_path)
    with watching(folder, metric="rougeL", project="my agents") as held:
        found = held.add(traffic(0.6))
    assert found.lost
    assert found.take_back == "slmigrate rollback 'my agents'"
    (at,) = found.lost_at
    assert at.what == "quality"
    assert at.id == f"t{at.number - 1}"
    assert at.when == WHEN
    assert 20 < at.number <= 100
    assert found.kept_at_most is not None
    assert 0.6 < found.kept_at_most < 0.95
    assert f"keeps at most {100 * found.kept_at_most:.1f}".removesuffix(".0") in found.why
    assert f"number {at.number} of 100" in found.why


def test_once_lost_it_stays_lost_at_the_same_case(tmp_path: Path) -> None:
    folder = baseline(tmp_path)
    lost = watch(folder, traffic(0.6), metric="rougeL")
    after = watch(folder, traffic(1.3, 400, start=100), metric="rougeL")
    assert after.e_value < after.threshold
    assert after.lost
    assert after.lost_at == lost.lost_at
    assert after.take_back == "slmigrate rollback ."


def test_equal_answers_never_alarm(tmp_path: Path) -> None:
    same = [one.model_copy(update={"new": one.old}) for one in traffic(1.0, 400)]
    found = watch(baseline(tmp_path), same, metric="rougeL")
    assert found.kept == 1
    assert not found.lost
    assert found.e_value <= 1


def test_looking_again_changes_nothing(tmp_path: Path) -> None:
    folder = baseline(tmp_path)
    first = watch(folder, traffic(0.9), metric="rougeL")
    stored = (folder / NAME).read_bytes()
    again = watch(folder, [], metric="rougeL")
    assert again == first.model_copy(update={"n_new": 0})
    assert (folder / NAME).read_bytes() == stored


def test_a_look_before_the_first_case_writes_no_observations(tmp_path: Path) -> None:
    found = watch(baseline(tmp_path), [], metric="rougeL")
    assert (found.n, found.e_value, found.kept, found.kept_at_most) == (0, 1.0, None, None)
    assert found.why == "nothing was seen yet"
    assert not (tmp_path / NAME).exists()


def test_a_case_that_was_seen_counts_once_and_as_it_was(tmp_path: Path) -> None:
    folder = baseline(tmp_path)
    first = watch(folder, traffic(1.0, 50), metric="rougeL")
    again = watch(folder, [*traffic(0.1, 50), *traffic(1.0, 1, start=50), *traffic(0.1, 1, start=50)], metric="rougeL")
    assert (again.n, again.n_new, again.n_known) == (51, 1, 51)
    alone = watch(baseline(tmp_path / "other"), [*traffic(1.0, 50), *traffic(1.0, 1, start=50)], metric="rougeL")
    assert again.e_value == alone.e_value
    assert first.e_value != again.e_value


def test_in_parts_or_at_once_is_the_same(tmp_path: Path) -> None:
    cases = traffic(0.7, 90)
    parts = [watch(baseline(tmp_path / "a"), part, metric="rougeL") for part in (cases[:7], cases[7:50], cases[50:])]
    whole = watch(baseline(tmp_path / "b"), cases, metric="rougeL")
    assert parts[-1] == whole.model_copy(update={"n_new": 40})
    assert (tmp_path / "a" / NAME).read_text() == (tmp_path / "b" / NAME).read_text()


def test_what_counts_is_the_order_of_the_first_sight(tmp_path: Path) -> None:
    cases = traffic(0.6, 100)
    found = watch(baseline(tmp_path / "a"), cases, metric="rougeL")
    turned = watch(baseline(tmp_path / "b"), cases[::-1], metric="rougeL")
    assert [json.loads(line)["id"] for line in lines(tmp_path / "b")[1:3]] == ["t99", "t98"]
    assert found.lost_at[0].id != turned.lost_at[0].id
    assert found.lost is turned.lost is True


# --- what is on disk


def test_half_a_line_of_a_killed_run_is_mended(tmp_path: Path) -> None:
    folder = baseline(tmp_path)
    watch(folder, traffic(1.0, 3), metric="rougeL")
    whole = (folder / NAME).read_text()
    (folder / NAME).write_text(whole + lines(folder)[-1][:25])
    found = watch(folder, traffic(1.0, 1, start=3), metric="rougeL")
    assert (found.n, found.n_new) == (4, 1)
    assert (folder / NAME).read_text().startswith(whole)
    assert all(json.loads(line) for line in lines(folder))


def test_half_a_first_line_is_a_watch_that_has_not_begun(tmp_path: Path) -> None:
    folder = baseline(tmp_path)
    (folder / NAME).write_text('{"version":1,"base')
    assert watch(folder, traffic(1.0, 2), metric="rougeL").n == 2


def test_a_last_line_without_its_end_still_counts(tmp_path: Path) -> None:
    folder = baseline(tmp_path)
    watch(folder, traffic(1.0, 3), metric="rougeL")
    (folder / NAME).write_text((folder / NAME).read_text().rstrip("\n"))
    assert watch(folder, [], metric="rougeL").n == 3


@pytest.mark.parametrize(
    ("number", "line", "says"),
    [
        pytest.param(1, "{}", "line 1: Field required. Expected how a watch began.", id="no start"),
        pytest.param(2, "nonsense", "line 2: Invalid JSON", id="not JSON"),
        pytest.param(
            2, '{"id":"a","when":"x","new":101}', "line 2: Input should be less than or equal to 100", id="score"
        ),
        pytest.param(2, '{"id":"t1","when":"x","new":1}', "line 3: case 't1' is there twice", id="twice"),
    ],
)
def test_a_line_that_cannot_be_read_is_refused_not_left_out(tmp_path: Path, number: int, line: str, says: str) -> None:
    folder = baseline(tmp_path)
    watch(folder, traffic(1.0, 3), metric="rougeL")
    stored = lines(folder)
    stored[number - 1] = line
    (folder / NAME).write_text("\n".join(stored) + "\n")
    before = (folder / NAME).read_bytes()
    with pytest.raises(WrongFormat) as error:
        watch(folder, traffic(1.0, 1, start=9), metric="rougeL")
    assert says in str(error.value)
    assert "\n" not in str(error.value)
    assert (folder / NAME).read_bytes() == before


def test_a_kill_while_writing_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = baseline(tmp_path)
    watch(folder, traffic(1.0, 3), metric="rougeL")
    before = (folder / NAME).read_bytes()

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("os.replace", killed)
        with pytest.raises(KeyboardInterrupt):
            watch(folder, traffic(1.0, 3, start=3), metric="rougeL")
    assert (folder / NAME).read_bytes() == before
    assert watch(folder, traffic(1.0, 3, start=3), metric="rougeL").n == 6


def test_two_watchers_at_once_are_refused(tmp_path: Path) -> None:
    folder = baseline(tmp_path)
    with watching(folder, metric="rougeL") as held:
        with pytest.raises(WatchTaken, match="Another watch"):
            watch(folder, traffic(1.0, 3), metric="rougeL")
        assert held.add(traffic(1.0, 2)).n == 2
    assert watch(folder, [], metric="rougeL").n == 2


def test_a_watcher_in_another_process_is_refused_and_a_dead_one_holds_nothing(tmp_path: Path) -> None:
    folder = baseline(tmp_path)
    program = (
        "import sys, time\nfrom pathlib import Path\nfrom slmigrate.compare.watch import watching\n"
        "with watching(Path(sys.argv[1]), metric='rougeL'):\n    print('held', flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(WatchTaken):
            watch(folder, traffic(1.0, 3), metric="rougeL")
        other.kill()
    assert watch(folder, traffic(1.0, 3), metric="rougeL").n == 3


# --- the baseline


def test_no_comparison_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match="No finished comparison at"):
        watch(tmp_path, traffic(1.0), metric="rougeL")
    with pytest.raises(FileMissing):
        watch(tmp_path / "nowhere", traffic(1.0), metric="rougeL")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b'{"version": 1, "id"', id="half"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"\xff\xfe", id="no text"),
        pytest.param(b'{"version": 9}', id="another version"),
    ],
)
def test_a_broken_comparison_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "comparison.json").write_bytes(content)
    with pytest.raises(WrongFormat, match="Expected a comparison as") as error:
        watch(tmp_path, traffic(1.0), metric="rougeL")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"retain": 0.0}, id="nothing to keep"),
        pytest.param({"metric": "rouge2"}, id="no old score in the metric"),
        pytest.param({"n": 0}, id="no cases"),
        pytest.param({"new": ()}, id="no new model"),
    ],
)
def test_a_comparison_without_meaning_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    folder = baseline(tmp_path, **changes)
    with pytest.raises(WrongFormat):
        watch(folder, traffic(1.0), metric=changes.get("metric", "rougeL"))


def test_scores_in_another_metric_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnfitBaseline, match="it promised rougeL, and the traffic is scored in chrf"):
        watch(baseline(tmp_path), traffic(1.0), metric="chrf")


@pytest.mark.parametrize("verdict", ["REVIEW", "NO-GO"])
def test_a_verdict_other_than_go_promises_nothing_unless_forced(tmp_path: Path, verdict: str) -> None:
    folder = baseline(tmp_path, candidate(verdict=verdict))
    with pytest.raises(UnfitBaseline, match=f"its verdict is {verdict}, not GO"):
        watch(folder, traffic(1.0), metric="rougeL")
    with watching(folder, metric="rougeL", force=True) as held:
        found = held.add(traffic(1.0))
    assert found.notes == (f"The baseline said {verdict}, not GO: it promised nothing.",)


def test_of_several_candidates_the_one_with_a_go_is_watched(tmp_path: Path) -> None:
    folder = baseline(tmp_path, candidate("small"), candidate("tiny", "NO-GO"))
    assert watch(folder, [], metric="rougeL").candidate == "small"
    with pytest.raises(UnfitBaseline, match="its verdict is NO-GO"):
        watch(folder, [], metric="rougeL", candidate="tiny")
    with pytest.raises(UnfitBaseline, match="it compared 'small', 'tiny', not 'smal'"):
        watch(folder, [], metric="rougeL", candidate="smal")


def test_two_candidates_with_a_go_must_be_told_apart(tmp_path: Path) -> None:
    folder = baseline(tmp_path, candidate("small"), candidate("tiny"))
    with pytest.raises(UnfitBaseline, match="name the one that was migrated to"):
        watch(folder, [], metric="rougeL")
    assert watch(folder, [], metric="rougeL", candidate="tiny").candidate == "tiny"


def test_a_comparison_that_was_made_anew_needs_a_new_watch(tmp_path: Path) -> None:
    watch(baseline(tmp_path), traffic(1.0, 3), metric="rougeL")
    with pytest.raises(UnfitBaseline, match=r"Move watch\.jsonl away"):
        watch(baseline(tmp_path, retain=0.5), traffic(1.0, 3), metric="rougeL")
    (tmp_path / NAME).unlink()
    assert watch(tmp_path, traffic(1.0, 3), metric="rougeL").retain == 0.5


# --- cases without an old score


def test_without_old_scores_the_mean_of_the_baseline_stands_in_and_it_is_said(tmp_path: Path) -> None:
    cases = [one.model_copy(update={"old": None}) for one in traffic(0.5, 200)]
    found = watch(baseline(tmp_path), cases, metric="rougeL")
    assert found.lost
    assert (found.n_scored, found.n_paired) == (200, 0)
    assert found.kept == pytest.approx(0.5, abs=0.03)
    assert found.notes[0].startswith("200 cases without an old score: the old model is taken to score ")
    start = json.loads(lines(tmp_path)[0])
    assert 25 < start["old_low"] < 35


def test_old_scores_of_the_baseline_see_more_than_their_mean(tmp_path: Path) -> None:
    numbers = random.Random(3)
    old = [40 + numbers.uniform(-10, 10) for _ in range(200)]
    mean = sum(old) / len(old)
    cases = [one.model_copy(update={"old": None}) for one in traffic(0.75, 200)]
    before = OldResult(spec="old", scores={"rougeL": mean}, cost=Cost())
    assert not watch(baseline(tmp_path / "a", old=before), cases, metric="rougeL").lost
    with watching(baseline(tmp_path / "b", old=before), metric="rougeL", old_scores=old) as held:
        assert held.add(cases).lost
    low = json.loads(lines(tmp_path / "b")[0])["old_low"]
    assert 37 < low < mean
    assert watch(tmp_path / "b", [], metric="rougeL").lost, "the bound is fixed when the watch begins"


def test_a_baseline_of_few_conversations_proves_less_of_the_old_mean(tmp_path: Path) -> None:
    """200 cases of 20 conversations are 20 independent ones, and how they were split is not known here."""
    case = traffic(0.9, 1)
    for name, changes in (("alone", {}), ("twenty", {"n": 20}), ("grouped", {"groups": 20})):
        watch(baseline(tmp_path / name, **changes), case, metric="rougeL")
    with watching(baseline(tmp_path / "scores", groups=20), metric="rougeL", old_scores=[40.0] * 200) as held:
        held.add(case)
    lows = {name: json.loads(lines(tmp_path / name)[0])["old_low"] for name in ("alone", "twenty", "grouped", "scores")}
    assert lows["twenty"] == lows["grouped"] == lows["scores"] < lows["alone"]


def test_old_scores_of_other_cases_are_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(UnfitBaseline, match="not those of its cases"),
        watching(baseline(tmp_path), metric="rougeL", old_scores=[30.0] * 200),
    ):
        pass


# --- rates of bad answers


def test_traffic_that_cannot_be_scored_is_watched_for_bad_answers(tmp_path: Path) -> None:
    folder = baseline(tmp_path, candidate(guards=(guard("made_up"), guard("empty", 0.0))))
    found = watch(folder, flagged(200, every=5), metric="rougeL")
    assert found.lost
    assert found.take_back == "slmigrate rollback ."
    assert [at.what for at in found.lost_at] == ["made_up"]
    rate = found.rates[0]
    assert (rate.name, rate.n, rate.rate, rate.baseline, rate.lost) == ("made_up", 200, 0.2, 0.02, True)
    assert rate.allowed == pytest.approx(0.05)
    assert found.rates[1].n == 0
    assert found.rates[1].rate is None
    assert found.kept is None
    assert "made_up in 20 % of answers, 5 % was allowed (shown by case 'f" in found.why


def test_as_many_bad_answers_as_before_are_no_alarm(tmp_path: Path) -> None:
    folder = baseline(tmp_path, candidate(guards=(guard("made_up"),)))
    found = watch(folder, flagged(500, every=50), metric="rougeL")
    assert not found.lost
    assert found.why == "no loss is shown by 500 cases: nothing could be scored"


def test_a_rate_that_no_baseline_has_is_not_watched_and_it_is_said(tmp_path: Path) -> None:
    found = watch(baseline(tmp_path), flagged(300, every=1, name="repeated"), metric="rougeL")
    assert not found.lost
    assert found.rates == ()
    assert found.notes == ("Not watched, as the baseline has no rate of them: repeated.",)


def test_the_chance_of_a_false_alarm_is_shared_by_all_tests(tmp_path: Path) -> None:
    none = watch(baseline(tmp_path / "a"), [], metric="rougeL")
    names = ("made_up", "truncated", "empty", "repeated")
    four = watch(baseline(tmp_path / "b", candidate(guards=tuple(map(guard, names)))), [], metric="rougeL")
    for found in (none, four):
        set_aside = 0.1 * found.alpha
        tests = [found.threshold, *(rate.threshold for rate in found.rates)]
        assert set_aside + sum(1 / threshold for threshold in tests) == pytest.approx(0.05)
    assert none.threshold < four.threshold < 1 / 0.0225 + 1e-9


def test_a_share_of_none_with_no_margin_is_not_broken_by_one_bad_answer_in_as_many_cases(tmp_path: Path) -> None:
    strict = Guard(name="empty", old=0.0, new=0.0, margin=0.0, p=1.0, kept=True)
    found = watch(
        baseline(tmp_path, candidate(guards=(strict,))), flagged(200, every=200, name="empty", start=1), metric="rougeL"
    )
    assert found.rates[0].allowed == 1 / 200
    assert found.rates[0].rate == 1 / 200
    assert not found.lost


def test_several_alarms_are_told_the_earliest_first(tmp_path: Path) -> None:
    folder = baseline(tmp_path, candidate(guards=(guard("made_up"),)))
    bad = traffic(0.4, 100, flags={"made_up": True})
    found = watch(folder, bad, metric="rougeL")
    assert [at.what for at in found.lost_at] == ["made_up", "quality"]
    assert found.lost_at[0].number < found.lost_at[1].number


def test_the_number_of_an_alarm_counts_all_observations(tmp_path: Path) -> None:
    folder = baseline(tmp_path, candidate(guards=(guard("made_up"),)))
    mixed = [one for pair in zip(traffic(0.4), flagged(100, every=200, start=1), strict=True) for one in pair]
    (at,) = watch(folder, mixed, metric="rougeL").lost_at
    assert at.number % 2 == 1
    assert mixed[at.number - 1].id == at.id


# --- observations and the draw


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"new": 100.5}, id="over the scale"),
        pytest.param({"new": -1}, id="under it"),
        pytest.param({"new": float("nan")}, id="no number"),
        pytest.param({"old": 3.0, "flags": {"empty": True}}, id="only an old score"),
        pytest.param({}, id="nothing"),
        pytest.param({"id": "", "new": 1.0}, id="no id"),
    ],
)
def test_an_observation_without_meaning_is_refused(facts: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Observation.model_validate({"id": "a", "when": WHEN} | facts)


def test_the_draw_is_seeded_and_leaves_out_what_was_seen() -> None:
    ids = [f"t{number}" for number in range(100)]
    first = pick(ids, 20, seed=1, seen=())
    assert first == pick(ids[::-1], 20, seed=1, seen=())
    assert first != pick(ids, 20, seed=2, seen=())
    assert len(set(first)) == 20
    second = pick(ids, 90, seed=1, seen=set(first))
    assert sorted([*first, *second]) == sorted(ids)
    assert pick(ids, 5, seed=1, seen=ids) == ()


def test_every_case_is_drawn_about_as_often() -> None:
    ids = [f"t{number}" for number in range(10)]
    drawn = list(itertools.chain.from_iterable(pick(ids, 3, seed=seed, seen=()) for seed in range(1000)))
    assert all(240 <= drawn.count(one) <= 360 for one in ids)


def test_one_case_of_a_conversation_is_drawn() -> None:
    groups = {f"t{number}": f"g{number // 5}" for number in range(20)}
    drawn = pick([*groups, "alone"], 20, seed=0, seen=["t0"], groups=groups, seen_groups=["g0"])
    assert len(drawn) == 4
    assert "alone" in drawn
    assert sorted(groups[one] for one in drawn if one != "alone") == ["g1", "g2", "g3"]


def test_one_case_of_a_conversation_counts_however_many_are_handed_in(tmp_path: Path) -> None:
    folder = baseline(tmp_path)
    talk = traffic(0.1, 50, group="one bad afternoon")
    first = watch(folder, talk, metric="rougeL")
    assert (first.n, first.n_new, first.n_known, first.n_dependent) == (1, 1, 0, 49)
    with watching(folder, metric="rougeL") as held:
        assert held.seen_groups == {"one bad afternoon"}
        again = held.add([*talk, *traffic(0.1, 5, start=50)])
    assert (again.n, again.n_new, again.n_known, again.n_dependent) == (6, 5, 1, 49)
    assert not again.lost


def test_the_record_survives_json(tmp_path: Path) -> None:
    found = watch(baseline(tmp_path, candidate(guards=(guard("made_up"),))), traffic(0.1, 900), metric="rougeL")
    assert Watched.model_validate_json(found.model_dump_json()) == found


def test_what_is_printed_and_stored_keeps_to_its_schema(tmp_path: Path) -> None:
    schemas = Path(__file__).parent.parent / "docs" / "schemas"
    folder = baseline(tmp_path, candidate(guards=(guard("made_up"),)))
    found = watch(folder, traffic(0.3, flags={"made_up": False}), metric="rougeL")
    printed = Draft202012Validator(json.loads((schemas / "watched.schema.json").read_text()))
    assert list(printed.iter_errors(json.loads(found.model_dump_json()))) == []
    stored = Draft202012Validator(json.loads((schemas / "observation.schema.json").read_text()))
    assert [error for line in lines(folder)[1:] for error in stored.iter_errors(json.loads(line))] == []


def test_the_baseline_is_only_read(tmp_path: Path) -> None:
    folder = baseline(tmp_path)
    before = (folder / "comparison.json").read_bytes()
    watch(folder, traffic(0.5), metric="rougeL")
    assert (folder / "comparison.json").read_bytes() == before
    assert read_baseline(folder, metric="rougeL").old_mean == 40.0
    assert sorted(path.name for path in folder.iterdir()) == [".watch.lock", "comparison.json", NAME]
