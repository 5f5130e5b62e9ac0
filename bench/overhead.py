"""What `slmigrate.pipeline` adds to calling the engines' libraries directly, and what a list gains over a loop.

    python bench/overhead.py [--rounds 15] [--inputs 200] [--folder DIR] [--format json]

Overhead: the same input, settings and threads, called directly (CTranslate2 with tokenizers; xllamacpp) and through
`slmigrate.pipeline`, in turn, in one process; prints medians and their ratio. Throughput: a list of inputs of mixed
length (30 to 400 tokens in, 40 out, 4 beams) through one call, against the same inputs one at a time, by our pipeline
and by CTranslate2 as it comes (one model that uses all threads). t5-small and distilbart-12-6 have their true
dimensions and random weights (built in --folder by bench/true_sizes.py); smollm2-135m is the embedded model.
"""

import argparse
import json
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from true_sizes import build, text_of

MODELS = ("t5-small", "distilbart-12-6")
TOKENS_IN, TOKENS_OUT, BEAMS = 600, 60, 4


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def seconds(call: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def in_turn(ours: Callable[[], Any], direct: Callable[[], Any], rounds: int) -> dict[str, float]:
    """Both called in turn, the order changing: medians, and the median of the rounds' ratios."""
    ours(), direct()  # neither's first call counts
    rows = []
    for number in range(rounds):
        if number % 2:
            rows.append((seconds(ours), seconds(direct)))
        else:
            later = seconds(direct)
            rows.append((seconds(ours), later))
    return {
        "ours_s": statistics.median(ours for ours, _ in rows),
        "direct_s": statistics.median(direct for _, direct in rows),
        "added": statistics.median(ours / direct for ours, direct in rows) - 1,
    }


def converted(folder: Path, name: str) -> Path:
    """Our int8 folder of a checkpoint with true dimensions."""
    from slmigrate.models.convert import convert_seq2seq

    target = folder / "int8" / name
    if not (target / "seq2seq.json").is_file():
        convert_seq2seq(build(folder, name), target)
    return target


def overhead_of_seq2seq(folder: Path, name: str, rounds: int) -> dict[str, float]:
    """Against CTranslate2 and tokenizers, with the threads that our engine chose."""
    from slmigrate import pipeline
    from slmigrate.engines.seq2seq import Seq2Seq

    target = converted(folder, name)
    engine = Seq2Seq(target)
    tokenizer, translator = engine._tokenizer, engine._translator
    text = text_of(tokenizer, TOKENS_IN)
    summarise = pipeline("summarization", engine)

    def direct() -> str:
        tokens = tokenizer.encode(text).tokens
        found = translator.translate_batch(
            [tokens],
            beam_size=BEAMS,
            max_decoding_length=TOKENS_OUT,
            min_decoding_length=TOKENS_OUT,
            max_input_length=0,
            return_end_token=True,
        )[0].hypotheses[0]
        return str(tokenizer.decode([tokenizer.token_to_id(token) for token in found if token[:9] != "<no token"]))

    def ours() -> Any:
        return summarise(text, max_new_tokens=TOKENS_OUT, min_new_tokens=TOKENS_OUT, num_beams=BEAMS)

    return in_turn(ours, direct, rounds)


def overhead_of_llamacpp(rounds: int) -> dict[str, float]:
    """Against the chat call of the same xllamacpp server."""
    from slmigrate import pipeline, resolve

    engine = resolve("smollm2-135m")
    generate = pipeline("text-generation", engine)
    chat = [{"role": "user", "content": "Write about the weather of one day. " * 12}]
    body = {"messages": chat, "max_tokens": 48, "temperature": 0.0, "stop": [], "cache_prompt": False}
    server: Any = engine._server._server  # type: ignore[attr-defined]
    return in_turn(
        lambda: generate(chat, max_new_tokens=48, do_sample=False), lambda: server.handle_chat_completions(body), rounds
    )


def throughput(folder: Path, name: str, count: int) -> dict[str, float]:
    """A list against a loop, in seconds for all inputs."""
    import ctranslate2

    from slmigrate import pipeline
    from slmigrate.engines.seq2seq import Seq2Seq

    target = converted(folder, name)
    engine = Seq2Seq(target)
    words = text_of(engine._tokenizer, 700).split()
    chance = random.Random(4)
    texts = [" ".join(words[: chance.choice((20, 40, 70, 110, 170, 260))]) for _ in range(count)]
    asked: dict[str, Any] = {"max_new_tokens": 40, "min_new_tokens": 40, "num_beams": BEAMS, "overlong": "truncate"}
    write = pipeline("text2text-generation", engine)
    write(texts[0], **asked)
    say(f"{name}: {count} inputs one at a time")
    alone = seconds(lambda: [write(text, **asked) for text in texts])
    say(f"{name}: {count} inputs as a list")
    together = seconds(lambda: write(texts, **asked))
    engine.close()
    plain = ctranslate2.Translator(str(target), compute_type="int8", intra_threads=engine.threads)
    tokens = [engine._tokenizer.encode(text).tokens for text in texts]
    fixed: dict[str, Any] = {
        "beam_size": BEAMS,
        "max_decoding_length": 40,
        "min_decoding_length": 40,
        "max_input_length": 0,
    }
    plain.translate_batch(tokens[:1], **fixed)
    say(f"{name}: {count} inputs one at a time, by CTranslate2 as it comes")
    direct = seconds(lambda: [plain.translate_batch([one], **fixed) for one in tokens])
    return {
        "list_s": together,
        "one_at_a_time_s": alone,
        "ctranslate2_one_at_a_time_s": direct,
        "over_one_at_a_time": alone / together,
        "over_ctranslate2_one_at_a_time": direct / together,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--inputs", type=int, default=200)
    parser.add_argument("--folder", type=Path, default=Path.home() / ".cache" / "slmigrate-bench")
    parser.add_argument("--format", choices=["table", "json"], default="table")
    options = parser.parse_args()
    added = {name: overhead_of_seq2seq(options.folder, name, options.rounds) for name in MODELS}
    added["smollm2-135m"] = overhead_of_llamacpp(options.rounds)
    gained = {name: throughput(options.folder, name, options.inputs) for name in MODELS}
    ran_on = {"threads": len(os.sched_getaffinity(0)), "python": platform.python_version()}
    ran_on |= {name: version(name) for name in ("ctranslate2", "xllamacpp", "slmigrate")}
    ratios = {f"{name}, added": row["added"] for name, row in added.items()}
    ratios |= {f"{name}, list over loop": row["over_one_at_a_time"] for name, row in gained.items()}
    if options.format == "json":
        print(json.dumps({"ran_on": ran_on, "overhead": added, "throughput": gained, "ratios": ratios}, indent=1))
        return
    print(", ".join(f"{key} {value}" for key, value in ran_on.items()))
    for name, row in added.items():
        print(f"{name:18} direct {row['direct_s']:6.3f} s, pipeline {row['ours_s']:6.3f} s: {row['added']:+.1%}")
    for name, row in gained.items():
        print(f"{name:18} {options.inputs} inputs as a list: {row['list_s']:6.1f} s")
        print(f"{'':18} one at a time: {row['one_at_a_time_s']:.1f} s, {row['over_one_at_a_time']:.1f} times as long")
        plain, times = row["ctranslate2_one_at_a_time_s"], row["over_ctranslate2_one_at_a_time"]
        print(f"{'':18} one at a time by CTranslate2 with all threads: {plain:.1f} s, {times:.1f} times as long")


if __name__ == "__main__":
    main()
