"""A model in a process of its own: the same answers and errors, exact memory, and nothing left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from slmigrate.engines.base import Generation, Request
from slmigrate.engines.llamacpp import LlamaCpp
from slmigrate.errors import EngineFailed, FileMissing, InputTooLong, ParameterRefused
from slmigrate.models import child_protocol as protocol
from slmigrate.models.child import ChildEngine
from slmigrate.models.memory import resident_bytes


def ask(text: str = "Ana: hi", tokens: int = 4, **more: object) -> Request:
    return Request.model_validate(
        {"task": "summarization", "text": text, "generation": Generation(max_new_tokens=tokens), **more}
    )


@pytest.fixture(scope="module")
def child(tiny_gguf: Path) -> Iterator[ChildEngine]:
    with ChildEngine.start(str(tiny_gguf)) as engine:
        yield engine


def gone(pid: int, seconds: float = 10) -> bool:
    """The process ends within so many seconds; one that waits to be reaped has ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_a_child_answers_as_the_engine_does_here(child: ChildEngine, tiny_gguf: Path) -> None:
    with LlamaCpp(tiny_gguf) as here:
        assert child.answer(ask()) == here.answer(ask())
        assert (child.name, child.tasks, child.support) == (here.name, here.tasks, here.support)
        assert (child.spec, child.context_tokens) == (here.spec, here.context_tokens)


def test_errors_come_back_as_the_same_class_with_the_same_line(child: ChildEngine, tiny_gguf: Path) -> None:
    with LlamaCpp(tiny_gguf) as here, pytest.raises(InputTooLong) as expected:
        here.answer(ask("word " * 100))
    with pytest.raises(InputTooLong) as found:
        child.answer(ask("word " * 100))
    assert str(found.value) == str(expected.value)
    assert (found.value.tokens, found.value.room) == (expected.value.tokens, expected.value.room)
    with pytest.raises(ParameterRefused, match="leave no room"):
        child.answer(ask(tokens=256))


def test_a_file_that_is_not_there_is_the_same_error_as_here(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match=r"No model file at '.*none\.gguf'"):
        ChildEngine.start(str(tmp_path / "none.gguf"))


def test_a_file_that_is_no_model_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(EngineFailed, match="failed while loading") as error:
        ChildEngine.start(str(tmp_path / "bad.gguf"))
    assert "\n" not in str(error.value)


def test_many_come_in_order_and_may_be_left_half_way(child: ChildEngine) -> None:
    requests = [ask(f"Bo: {number}") for number in range(6)]
    assert list(child.answer_many(requests)) == [child.answer(request) for request in requests]
    half = child.answer_many(requests)
    assert next(half) == child.answer(requests[0])
    half.close()  # type: ignore[attr-defined]
    assert child.answer(requests[5]).output_tokens is not None


def test_threads_get_their_own_answers(child: ChildEngine) -> None:
    requests = [ask(f"Cem: {number}") for number in range(16)]
    alone = [child.answer(request).text for request in requests]
    with ThreadPoolExecutor(8) as threads:
        assert [reply.text for reply in threads.map(child.answer, requests)] == alone


def test_text_that_is_no_valid_unicode_does_not_break_the_line(child: ChildEngine) -> None:
    with pytest.raises(EngineFailed):
        child.answer(ask().model_copy(update={"text": "a\ud800b", "generation": Generation(json_schema={"a": {1}})}))
    assert child.answer(ask("line\nbreak \x00 \u2028 ü")).text


def test_its_memory_is_that_of_its_process_and_comes_back_whole(tiny_gguf: Path) -> None:
    engine = ChildEngine.start(str(tiny_gguf))
    pid = engine.pid
    assert 20_000_000 < engine.resident_bytes() < 200_000_000
    engine.close()
    assert engine.resident_bytes() == 0 == resident_bytes(pid)
    assert gone(pid, seconds=0.1)


def test_after_close_it_says_so(tiny_gguf: Path) -> None:
    engine = ChildEngine.start(str(tiny_gguf))
    engine.close()
    engine.close()
    assert not engine.alive
    with pytest.raises(EngineFailed, match="it was closed"):
        engine.answer(ask())


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGBUS])
def test_a_killed_process_fails_its_answers_and_says_how_it_ended(tiny_gguf: Path, kind: signal.Signals) -> None:
    with ChildEngine.start(str(tiny_gguf)) as engine:
        many = engine.answer_many([ask("Ana: more", tokens=100)] * 500)
        next(many)
        os.kill(engine.pid, kind)
        with pytest.raises(EngineFailed, match=f"failed while answering: its process was ended by {kind.name}"):
            list(many)
        assert not engine.alive
        with pytest.raises(EngineFailed, match=kind.name):
            engine.answer(ask())


def test_an_engine_that_nobody_holds_ends_its_process(tiny_gguf: Path) -> None:
    engine = ChildEngine.start(str(tiny_gguf))
    pid = engine.pid
    del engine
    assert gone(pid)


def test_a_load_can_be_stopped_from_outside(tiny_gguf: Path) -> None:
    seen: list[int] = []

    def watch(resident: int) -> None:
        seen.append(resident)
        if len(seen) == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ChildEngine.start(str(tiny_gguf), watch=watch)
    assert len(seen) == 5


PARENT = """
import signal, sys, time
from slmigrate.models.child import ChildEngine
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored, where the tests run in a shell's background
engine = ChildEngine.start(sys.argv[1])
if "fork" in sys.argv:
    import os
    if os.fork() == 0:  # holds the pipes of its parent open
        time.sleep(60)
print(engine.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_child_ends_with_its_parent_however_that_ends(tiny_gguf: Path, ending: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tiny_gguf)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert not gone(pid, seconds=0.1)
        parent.send_signal(ending)
    assert gone(pid)


def test_a_child_ends_with_its_parent_even_when_a_fork_holds_the_pipe(tiny_gguf: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tiny_gguf), "fork"], stdout=subprocess.PIPE, start_new_session=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        ended = gone(pid)
        os.killpg(parent.pid, signal.SIGKILL)
    assert ended


def test_ctrl_c_in_the_terminal_reaches_the_parent_alone(tiny_gguf: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # else a background shell's choice is inherited
    try:
        with ChildEngine.start(str(tiny_gguf)) as engine:
            os.kill(engine.pid, signal.SIGINT)
            time.sleep(0.2)
            assert engine.answer(ask()).output_tokens is not None
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_forked_process_is_told_to_load_its_own(tiny_gguf: Path) -> None:
    program = (
        "import os, sys, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "from slmigrate.engines.base import Request\n"
        "from slmigrate.models.child import ChildEngine\n"
        "engine = ChildEngine.start(sys.argv[1])\n"
        "if os.fork() == 0:\n"
        "    try:\n"
        "        engine.answer(Request(task='summarization', text='a'))\n"
        "    except Exception as error:\n"
        "        print(error, flush=True)\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        "print(engine.alive)\n"
    )
    run = subprocess.run([sys.executable, "-c", program, str(tiny_gguf)], capture_output=True, text=True, timeout=60)
    assert "this process was forked from the one that loaded it" in run.stdout
    assert run.stdout.splitlines()[-1] == "True"


def test_an_error_of_a_module_of_its_own_comes_back_as_its_base() -> None:
    class Special(InputTooLong):
        """Not in errors.py."""

    back = protocol.unpack_error(protocol.pack_error(Special("m", 10, 5)))
    assert type(back) is InputTooLong
    assert str(back) == str(InputTooLong("m", 10, 5))


def test_an_engine_that_cannot_stream_says_so(tmp_path: Path) -> None:
    with (
        ChildEngine.start("extractive") as engine,
        pytest.raises(ParameterRefused, match="gives its answer as a whole"),
    ):
        list(engine.stream(ask()))


def test_a_child_loads_no_library_that_its_engine_does_not_need(tiny_gguf: Path) -> None:
    with ChildEngine.start(str(tiny_gguf)) as engine:
        maps = Path(f"/proc/{engine.pid}/maps").read_text()
    assert "xllamacpp" in maps
    assert not any(name in maps for name in ("ctranslate2", "numpy", "onnxruntime", "libtorch", "hf_xet"))


@pytest.mark.parametrize(("own", "expected"), [({}, True), ({"OMP_WAIT_POLICY": "active"}, False)])
def test_threads_that_wait_for_each_other_soon_sleep_unless_the_user_says_otherwise(
    tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch, own: dict[str, str], expected: bool
) -> None:
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    with ChildEngine.start(str(tiny_gguf)) as engine:
        environment = Path(f"/proc/{engine.pid}/environ").read_bytes().split(b"\0")
    assert (b"GOMP_SPINCOUNT=1000" in environment) == expected
