"""The embedded model through slmigrate, against the same file through transformers and torch: cold start and answer.

    python bench/cold_start.py [--rounds 3] [--format json]

Each round starts both in fresh processes, one after the other, and takes: start to ready, seconds for one answer of 64
tokens to a conversation of about 130 tokens, peak memory. Prints medians, and the median of the rounds' ratios
(alternative / ours). Much of the alternative's load is turning the quantised file into float32; a checkpoint that is
float32 already would load faster. Without torch only ours is measured; `make test-all` makes an environment with it.
"""

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys

OURS = """
import json, resource, time
start = time.perf_counter()
from slmigrate.engines import Generation, Request
from slmigrate.models.resolve import resolve
engine = resolve("smollm2-135m")
ready = time.perf_counter()
text = open(0).read()
generation = Generation(max_new_tokens=64, temperature=0)
reply = engine.answer(Request(task="text-generation", text=text, generation=generation))
done = time.perf_counter()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
tokens = reply.output_tokens
print(json.dumps({"load_s": ready - start, "answer_s": done - ready, "tokens": tokens, "peak_mb": peak / 1e6}))
"""
THEIRS = """
import json, resource, time
from slmigrate.models.resolve import locate
path = locate("smollm2-135m").path
start = time.perf_counter()
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained(str(path.parent), gguf_file=path.name)
model = AutoModelForCausalLM.from_pretrained(str(path.parent), gguf_file=path.name, dtype=torch.float32)
ready = time.perf_counter()
text = open(0).read()
chat = [{"role": "user", "content": text}]
ids = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
with torch.no_grad():
    out = model.generate(**ids, max_new_tokens=64, do_sample=False)
done = time.perf_counter()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
tokens = out.shape[1] - ids["input_ids"].shape[1]
print(json.dumps({"load_s": ready - start, "answer_s": done - ready, "tokens": tokens, "peak_mb": peak / 1e6}))
"""
TALK = "Summarize this conversation in one sentence.\n\n" + "\n".join(
    f"{author}: {text}"
    for author, text in (
        ("Ana", "the build of the backend is red since noon, and nobody can merge"),
        ("Bo", "it breaks because the cache server is down, I restart it after lunch"),
        ("Ana", "can you do it before? the release goes out at three"),
        ("Bo", "fine, I do it now, it takes ten minutes"),
        ("Cem", "I tell the support team that the release may be half an hour late"),
        ("Bo", "the cache server is back, the build is green"),
    )
)
FIGURES = ("load_s", "answer_s", "peak_mb")


def measure(program: str) -> dict[str, float]:
    """Run `program` in a fresh Python and read the one JSON line that it prints."""
    run = subprocess.run([sys.executable, "-c", program], input=TALK, capture_output=True, text=True, check=True)
    result: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--format", choices=["table", "json"], default="table")
    options = parser.parse_args()
    both = all(importlib.util.find_spec(name) for name in ("torch", "transformers"))
    rounds = [(measure(OURS), measure(THEIRS) if both else None) for _ in range(options.rounds)]
    ours = {name: statistics.median(mine[name] for mine, _ in rounds) for name in FIGURES}
    pairs = [(mine, other) for mine, other in rounds if other is not None]
    theirs = {name: statistics.median(other[name] for _, other in pairs) for name in FIGURES} if pairs else {}
    ratios = {name: round(statistics.median(other[name] / mine[name] for mine, other in pairs), 2) for name in theirs}
    machine = {"cpu": platform.processor() or platform.machine(), "threads": len(os.sched_getaffinity(0))}
    if options.format == "json":
        print(
            json.dumps(
                {"machine": machine, "rounds": options.rounds, "ours": ours, "transformers": theirs, "ratios": ratios}
            )
        )
        return
    print(f"smollm2-135m, {options.rounds} rounds, {machine['threads']} threads, {machine['cpu']}")
    print(f"{'':<12}{'slmigrate':>12}{'transformers':>14}{'ratio':>8}")
    for name in FIGURES:
        other = f"{theirs[name]:>14.2f}{ratios[name]:>7.1f}x" if theirs else f"{'not here':>14}{'':>8}"
        print(f"{name:<12}{ours[name]:>12.2f}{other}")
    if not both:
        print(
            "torch and transformers are not installed here: run `make test-all`, "
            "then .venv-all/bin/python bench/cold_start.py"
        )


if __name__ == "__main__":
    main()
