"""The pool: one load for all who ask, eviction by measured memory, and failures that stay with their model."""

import gc
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tiny_gguf import build

from slmigrate.engines import Engine, Generation, Request
from slmigrate.engines.scripted import Scripted
from slmigrate.errors import EngineFailed, FileMissing, UnknownModel
from slmigrate.models.child import ChildEngine
from slmigrate.models.memory import resident_bytes
from slmigrate.models.pool import Pool
from slmigrate.models.pool_figures import FIXED_BYTES, FigureBook
from slmigrate.models.pool_room import Held, ModelTooLarge, NoRoom, PoolClosed, PreloadTooLarge, Room

ASK = Request(task="summarization", text="Ana: hi", generation=Generation(max_new_tokens=4))


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SLMIGRATE_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("pool")
    return [str(build(folder / f"{name}.gguf", seed=seed)) for seed, name in enumerate("abc")]


@pytest.fixture(scope="module")
def one(weights: list[str]) -> int:
    """Bytes that one of the models takes, after an answer."""
    with ChildEngine.start(weights[0]) as engine:
        engine.answer(ASK)
        return engine.resident_bytes()


@pytest.fixture
def known(weights: list[str], one: int) -> None:
    """This machine has loaded these models before, so that room is made for what they take and not for a guess."""
    book = FigureBook()
    for spec in weights:
        book.note(spec, load_bytes=one, use_bytes=one)


@pytest.fixture
def two(known: None, weights: list[str], one: int) -> Iterator[Pool]:
    """A pool with room for two of the three."""
    with Pool(int(2.4 * one), wait_seconds=30) as pool:
        yield pool


def loaded(pool: Pool) -> list[str]:
    return [Path(model.spec).stem for model in pool.running()]


def answer(pool: Pool, spec: str) -> str:
    with pool.use(spec) as engine:
        return engine.answer(ASK).text


def until(condition: object, seconds: float = 10) -> bool:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def pid_of(pool: Pool, spec: str) -> int:
    with pool.use(spec) as engine:
        assert isinstance(engine, ChildEngine)
        return engine.pid


def test_threads_that_ask_for_one_model_share_one_load(weights: list[str]) -> None:
    together = threading.Barrier(8)
    with Pool(None) as pool:

        def ask(_: int) -> int:
            together.wait()
            with pool.use(weights[0]) as engine:
                together.wait()
                assert pool.running()[0].in_use == 8
                assert isinstance(engine, ChildEngine)
                together.wait()
                return engine.pid

        with ThreadPoolExecutor(8) as threads:
            assert len(set(threads.map(ask, range(8)))) == 1
        assert pool.running()[0].in_use == 0


def test_running_says_what_is_there_and_what_it_takes(weights: list[str], one: int) -> None:
    with Pool(None) as pool:
        assert pool.running() == ()
        answer(pool, weights[0])
        (running,) = pool.running()
    assert (running.spec, running.state, running.in_use) == (weights[0], "ready", 0)
    assert 0.8 * one < running.resident_bytes < 1.2 * one
    assert running.loaded_since <= running.last_used


def test_the_least_recently_used_goes_first(two: Pool, weights: list[str]) -> None:
    a, b, c = weights
    for spec in (a, b, a, c):
        answer(two, spec)
    assert loaded(two) == ["a", "c"]


def test_memory_is_back_when_a_model_went(two: Pool, weights: list[str]) -> None:
    pid = pid_of(two, weights[0])
    assert resident_bytes(pid) > 0
    assert two.unload(weights[0])
    assert resident_bytes(pid) == 0
    assert not two.unload(weights[0])


def test_a_model_in_use_is_never_evicted_and_who_cannot_fit_waits_for_it(two: Pool, weights: list[str]) -> None:
    a, b, c = weights
    done = threading.Event()

    def third() -> None:
        answer(two, c)
        done.set()

    with two.use(a) as first, two.use(b) as second:
        thread = threading.Thread(target=third)
        thread.start()
        assert not done.wait(1.5)
        assert first.answer(ASK).text
        assert second.answer(ASK).text
        assert loaded(two) == ["a", "b", "c"]  # c waits
    assert done.wait(20)
    thread.join()
    assert "c" in loaded(two)


def test_who_waits_too_long_gets_one_clear_line(known: None, weights: list[str], one: int) -> None:
    a, b, c = weights
    with Pool(int(2.4 * one), wait_seconds=0.8) as pool, pool.use(a), pool.use(b):
        with pytest.raises(
            NoRoom, match=r"c\.gguf' waited 0\.8 s .* held by .*a\.gguf' \(\d+ MB, in use by 1\)"
        ) as error:
            answer(pool, c)
        assert "\n" not in str(error.value)
        assert answer(pool, a)  # and those that are there go on
    assert loaded(pool) == []


def test_a_model_that_others_keep_busy_is_drained_for_who_waits(two: Pool, weights: list[str]) -> None:
    a, b, c = weights
    stop = threading.Event()

    def keep_busy(spec: str) -> int:
        count = 0
        while not stop.is_set():
            answer(two, spec)
            count += 1
        return count

    with ThreadPoolExecutor(6) as threads:
        busy = [threads.submit(keep_busy, spec) for spec in (a, a, a, b, b, b)]
        time.sleep(1)
        try:
            assert answer(two, c)
        finally:
            stop.set()
        assert all(thread.result(timeout=30) for thread in busy)


def test_a_thread_that_uses_a_model_may_use_it_again_while_others_wait_for_its_room(
    known: None, weights: list[str], one: int
) -> None:
    a, b, _ = weights
    with Pool(int(1.4 * one), wait_seconds=20) as pool, ThreadPoolExecutor(1) as threads:
        with pool.use(a):
            waiting = threads.submit(answer, pool, b)
            time.sleep(1.5)
            assert answer(pool, a)
        assert waiting.result(timeout=20)


def test_a_model_larger_than_the_budget_is_refused_before_loading_by_its_file(weights: list[str]) -> None:
    budget = Path(weights[0]).stat().st_size - 1
    with Pool(budget) as pool, pytest.raises(ModelTooLarge) as error:
        answer(pool, weights[0])
    assert error.value.budget_bytes == budget < error.value.needed_bytes
    assert "takes more than its weights, " in str(error.value)
    assert FigureBook().measured(weights[0]) is None  # nothing was tried


def test_a_model_that_turns_out_larger_is_ended_refused_and_not_tried_again(weights: list[str]) -> None:
    budget = 30_000_000
    with Pool(budget) as pool:
        with pytest.raises(ModelTooLarge, match=r"takes at least, as measured on this machine, \d+ MB, and .* 30 MB"):
            answer(pool, weights[0])
        assert pool.running() == ()
        started = time.monotonic()
        with pytest.raises(ModelTooLarge):
            answer(pool, weights[0])
        assert time.monotonic() - started < 0.1


def test_what_takes_more_than_expected_evicts_the_idle_while_it_loads(weights: list[str], one: int) -> None:
    a, b, _ = weights
    book = FigureBook()
    for spec in (a, b):
        book.note(spec, load_bytes=1_000_000, use_bytes=1_000_000)
    with Pool(int(1.5 * one), wait_seconds=20) as pool:
        answer(pool, a)
        answer(pool, b)
        assert loaded(pool) == ["b"]


def test_what_takes_more_than_expected_waits_when_nothing_is_idle(weights: list[str], one: int) -> None:
    a, b, _ = weights
    book = FigureBook()
    for spec in (a, b):
        book.note(spec, load_bytes=1_000_000, use_bytes=1_000_000)
    budget = int(1.5 * one)
    with Pool(budget, wait_seconds=20) as pool, ThreadPoolExecutor(1) as threads:
        with pool.use(a):
            waiting = threads.submit(answer, pool, b)
            end = time.monotonic() + 2
            while time.monotonic() < end:
                assert sum(model.resident_bytes for model in pool.running()) <= 1.05 * budget
                time.sleep(0.01)
            assert not waiting.done()
        assert waiting.result(timeout=20)


def test_idle_models_go_after_their_time_and_used_ones_stay(weights: list[str]) -> None:
    a, b, _ = weights
    with Pool(None, keep_alive_seconds=0.5) as pool:
        pool.preload([a, b])
        with pool.use(a):
            assert until(lambda: loaded(pool) == ["a"], 5)
            time.sleep(1)
            assert loaded(pool) == ["a"]
        assert until(lambda: loaded(pool) == [], 5)
        assert answer(pool, a)


def test_a_use_may_end_in_another_thread_than_it_began(weights: list[str]) -> None:
    with Pool(None, wait_seconds=5) as pool:
        use = pool.use(weights[0])
        use.__enter__()
        with ThreadPoolExecutor(1) as threads:
            threads.submit(use.__exit__, None, None, None).result()
        assert pool.running()[0].in_use == 0
        assert pool.unload(weights[0])


def test_preload_makes_the_first_request_find_it_loaded(two: Pool, weights: list[str]) -> None:
    two.preload(weights[:2])
    pids = {spec: pid_of(two, spec) for spec in weights[:2]}
    assert {spec: pid_of(two, spec) for spec in weights[:2]} == pids
    with pytest.raises(FileMissing):
        two.preload(["./none.gguf"])
    assert loaded(two) == ["a", "b"]


def test_preloading_more_than_the_budget_holds_is_said(two: Pool, weights: list[str]) -> None:
    with pytest.raises(
        PreloadTooLarge, match=r"a\.gguf' was unloaded when '.*c\.gguf' was preloaded: the budget of \d+ MB"
    ):
        two.preload(weights)
    assert loaded(two) == ["b", "c"]


def test_a_killed_model_fails_its_answer_the_next_request_loads_it_again_and_others_go_on(
    two: Pool, weights: list[str]
) -> None:
    a, b, _ = weights
    other = pid_of(two, b)
    with two.use(a) as engine:
        assert isinstance(engine, ChildEngine)
        os.kill(engine.pid, signal.SIGKILL)
        with pytest.raises(EngineFailed, match="SIGKILL"):
            engine.answer(ASK)
    assert answer(two, a)
    assert pid_of(two, b) == other


def test_a_file_cut_or_deleted_under_its_model_harms_nobody_and_says_so_at_the_next_load(
    weights: list[str], tmp_path: Path
) -> None:
    path = Path(shutil.copy(weights[0], tmp_path / "cut.gguf"))
    with Pool(None) as pool:
        before = answer(pool, str(path))
        other = answer(pool, weights[1])
        os.truncate(path, 4096)
        assert answer(pool, str(path)) == before  # a private copy: nothing of the file is needed any more
        pool.unload(str(path))
        with pytest.raises(EngineFailed, match="failed while loading") as error:
            answer(pool, str(path))
        assert "\n" not in str(error.value)
        path.unlink()
        with pytest.raises(FileMissing, match=r"No model file at '.*cut\.gguf'"):
            answer(pool, str(path))
        assert answer(pool, weights[1]) == other
        assert loaded(pool) == ["b"]


def test_all_who_wait_for_a_load_that_fails_are_told_why(tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"GGUF" + bytes(1000))

    def ask(_: int) -> str:
        with pytest.raises(EngineFailed) as error:
            answer(pool, str(tmp_path / "bad.gguf"))
        return str(error.value)

    with Pool(None) as pool, ThreadPoolExecutor(4) as threads:
        lines = set(threads.map(ask, range(4)))
    assert len(lines) == 1
    assert "failed while loading" in lines.pop()


def test_what_holds_no_weights_takes_nothing_of_the_budget() -> None:
    with Pool(1) as pool:
        with pool.use("extractive") as engine:
            assert engine.answer(Request(task="summarization", text="The build is red. Bo fixes it.")).text
        assert pool.running()[0].resident_bytes == 0
        with pytest.raises(UnknownModel):
            answer(pool, "no-such-model")


def test_engines_of_the_callers_own_are_shared_and_closed() -> None:
    made: list[Engine] = []

    def load(spec: str) -> Engine:
        made.append(Scripted(lambda request: spec, spec=spec))
        return made[-1]

    with Pool(None, load=load) as pool:
        assert [answer(pool, spec) for spec in ("x", "y", "x")] == ["x", "y", "x"]
    assert len(made) == 2


def test_close_ends_every_process_and_tells_who_still_asks(known: None, weights: list[str], one: int) -> None:
    a, b, _ = weights
    pool = Pool(int(1.4 * one), wait_seconds=30)
    with ThreadPoolExecutor(1) as threads, pool.use(a) as engine:
        assert isinstance(engine, ChildEngine)
        waiting = threads.submit(answer, pool, b)
        time.sleep(0.3)
        pool.close()
        with pytest.raises(PoolClosed):
            waiting.result(timeout=10)
        with pytest.raises(EngineFailed, match="it was closed"):
            engine.answer(ASK)
        assert resident_bytes(engine.pid) == 0
    with pytest.raises(PoolClosed, match="the pool was closed"):
        answer(pool, a)
    pool.close()


def test_a_forgotten_pool_ends_its_models(weights: list[str]) -> None:
    pool = Pool(None)
    pid = pid_of(pool, weights[0])
    del pool
    gc.collect()
    assert until(lambda: resident_bytes(pid) == 0, 5)


def test_figures_of_an_earlier_load_are_kept_until_the_weights_change(weights: list[str], tmp_path: Path) -> None:
    path = Path(shutil.copy(weights[0], tmp_path / "kept.gguf"))
    assert FigureBook().estimate(str(path)).kind == "guessed"
    with Pool(None) as pool:
        answer(pool, str(path))
        taken = pool.running()[0].resident_bytes
        assert FigureBook().estimate(str(path)).kind == "measured"  # a crash of this program would not lose it
    kept = FigureBook().estimate(str(path))
    assert kept.kind == "measured"
    assert 0.9 * taken < kept.bytes < 1.2 * taken
    path.write_bytes(path.read_bytes() + b"more")
    guess = FigureBook().estimate(str(path))
    assert guess.kind == "guessed"
    assert guess.bytes > FIXED_BYTES


@pytest.mark.parametrize("text", ["", "{", "[]", '{"models": {"x": 1}}', '{"models": 3}'])
def test_a_broken_file_of_figures_is_as_none(tmp_path: Path, weights: list[str], text: str) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "pool.json").write_text(text)
    assert FigureBook().estimate(weights[0]).kind == "guessed"


def held(spec: str, claim: int, used_at: float, **more: object) -> Held:
    return Held(spec=spec, claim=claim, used_at=used_at, state="ready", **more)  # type: ignore[arg-type]


def test_no_more_models_go_than_have_to() -> None:
    room = Room(100)
    room.models = {spec: held(spec, 30, at) for spec, at in (("new", 3), ("old", 1), ("mid", 2))}
    assert room.over() == -10
    assert [model.spec for model in room.victims(30)] == ["old"]
    assert [model.spec for model in room.victims(31)] == ["old", "mid"]
    assert room.victims(91) == []
    room.leave([room.models["old"]])
    assert room.victims(30) == []  # what is on its way out is enough
    assert [model.spec for model in room.victims(60)] == ["mid"]


def test_growth_in_use_evicts_the_idle_until_the_sum_fits(weights: list[str], one: int, known: None) -> None:
    a, b, _ = weights
    with Pool(int(2.4 * one), wait_seconds=20) as pool:
        pool.preload([a, b])
        pool._shelf.room.models[b].peak += one  # as if it had grown by so much
        answer(pool, b)
        assert loaded(pool) == ["b"]


def test_eight_threads_three_models_room_for_two(known: None, weights: list[str], one: int) -> None:
    """bench/pool_stress.py is the same for two minutes and with real weights."""
    budget = int(2.2 * one)
    end = time.monotonic() + 4
    totals: list[int] = []
    pids: set[int] = set()

    def ask(seed: int) -> int:
        count = 0
        while time.monotonic() < end:
            with pool.use(weights[(seed + count) % 3]) as engine:
                assert isinstance(engine, ChildEngine)
                pids.add(engine.pid)
                engine.answer(ASK)
                totals.append(sum(resident_bytes(pid) for pid in list(pids)))
            count += 1
        return count

    with Pool(budget, wait_seconds=30) as pool, ThreadPoolExecutor(8) as threads:
        counts = list(threads.map(ask, range(8)))
    assert all(counts)
    assert len(pids) > 3
    assert max(totals) <= 1.05 * budget
