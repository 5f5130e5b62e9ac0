"""`tests/test_slmigrate_contract.py`: does each migrated call's model still answer in the shape that the code reads?

Part of the migration itself: written with its receipt, and gone with its rollback. A second migration adds its calls to
those that stand in the file.
"""

import ast
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from slmigrate.migrate.plan import Change, Draft, public
from slmigrate.migrate.target import Target
from slmigrate.records import Untouched

NAME = "tests/test_slmigrate_contract.py"
MARK = '"""Does each migrated call\'s model still answer in the shape that the code reads?'
Site = tuple[str, str, str, dict[str, Any]]
"""Where, what is asked (`summarization`, `text-generation`, `chat`), catalogue key, settings of the call."""

_TEXT = '''{mark}

Written by `slmigrate migrate`, and added to by the next; run it with pytest. SITES may be edited.
"""

import pytest

from slmigrate import ChatClient, SlmigrateError, pipeline
from sml_config import get_model_name

SITES = {sites}

TEXT = """Ana: The build has been red since nine, the cache of the runner is full.
Bo: I can empty it, but then every job downloads the weights again, which took two hours last time.
Ana: Could we raise the limit instead? The disk has forty gigabytes left.
Bo: Yes. I'll raise it to thirty today and clean up on Friday, when nobody deploys.
Cem: Please write it into the runbook as well, we had the same thing in March.
Bo: Will do. Ana, can you restart the two jobs that failed?
Ana: Done, both are green."""


@pytest.mark.filterwarnings("ignore::UserWarning")  # said in the plan
@pytest.mark.parametrize("site", SITES, ids=[site[0] for site in SITES])
def test_the_model_answers_in_the_shape_that_the_code_reads(site):
    where, asked, key, settings = site
    try:
        text = ask(asked, key, settings)
    except SlmigrateError as error:
        if "slmigrate models pull" not in str(error):
            raise
        pytest.skip(str(error))
    assert isinstance(text, str)
    assert text.strip(), f"{{key}} gave no text for {{where}}"


def ask(asked, key, settings):
    """The text of the answer; its shape and its length are checked on the way."""
    if asked == "chat":
        return chat(key, settings)
    model = get_model_name(asked.replace("-", "_"), key)
    said = pipeline(asked, model=model)(TEXT, **settings)
    assert isinstance(said, list)
    field = "summary_text" if asked == "summarization" else "generated_text"
    assert list(said[0]) == [field]
    text = said[0][field]
    longest = settings.get("max_new_tokens") or settings.get("max_length")
    if longest and asked == "summarization":
        assert len(text.split()) <= longest, "a word is at least one token"
    return text


def chat(key, settings):
    question = f"Say in one sentence what was decided.\\n\\n{{TEXT}}"
    messages = [{{"role": "user", "content": question}}]
    model = get_model_name("text_generation", key)
    completions = ChatClient().chat.completions
    said = completions.create(model=model, messages=messages, **settings)
    assert said.choices[0].finish_reason in ("stop", "length")
    longest = settings.get("max_tokens") or settings.get("max_completion_tokens")
    if longest:
        assert said.usage.completion_tokens <= longest
    return said.choices[0].message.content
'''
PIPELINE = frozenset(
    {"max_length", "min_length", "max_new_tokens", "min_new_tokens", "do_sample", "num_beams", "truncation"}
)
CHAT = frozenset({"max_tokens", "max_completion_tokens", "temperature", "top_p", "seed", "stop"})
RENAMED = {"max_output_tokens": "max_tokens", "num_predict": "max_tokens"}


def with_contract(root: Path, draft: Draft) -> Draft:
    """The draft with the test of its calls; an empty draft as it is.

    A file of that name that somebody else wrote stays, and the plan says so.
    """
    if not draft.targets:
        return draft
    path = root / NAME
    before = path.read_bytes() if path.is_file() else None
    known = _sites_in(before) if before is not None else []
    if known is None:
        left = Untouched(path=NAME, line=1, reason="it is there and was not written by slmigrate; no test was added")
        plan = draft.plan.model_copy(update={"untouched": (*draft.plan.untouched, left)})
        return replace(draft, plan=plan)
    after = contract_text(_merged(known, (_site(target) for target in draft.targets))).encode()
    if after == before:
        return draft
    change = Change(NAME, before, after, ())
    plan = draft.plan.model_copy(update={"changes": (*draft.plan.changes, public(change))})
    return replace(draft, plan=plan, changes=(*draft.changes, change))


def contract_text(sites: Iterable[Site]) -> str:
    """The whole file."""
    listed = "".join(f"    {_literal(site)},\n" for site in sites)
    return _TEXT.format(mark=MARK, sites=f"[\n{listed}]")


def _literal(site: Site) -> str:
    where, asked, key, settings = site
    inside = ", ".join(f"{_quoted(name)}: {_value(value)}" for name, value in sorted(settings.items()))
    return f"({_quoted(where)}, {_quoted(asked)}, {_quoted(key)}, {{{inside}}})"


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return _quoted(value) if isinstance(value, str) else repr(value)


def _quoted(text: str) -> str:
    return repr(text) if '"' in text else json.dumps(text, ensure_ascii=False)


def _site(target: Target) -> Site:
    site = target.site
    is_pipeline = site.api == "transformers.pipeline" or site.api.startswith("transformers.AutoModel")
    asked = (site.task or "") if is_pipeline else "chat"
    carried = PIPELINE if is_pipeline else CHAT
    given = {RENAMED.get(name, name): value for name, value in site.parameters.items()}
    return (
        f"{site.path}:{site.line}",
        asked,
        target.key,
        {n: v for n, v in given.items() if n in carried and v is not None},
    )


def _merged(known: list[Site], new: Iterable[Site]) -> list[Site]:
    """One entry per place, the newest; in the order of places."""
    found = {site[0]: site for site in (*known, *new)}
    return [found[where] for where in sorted(found)]


def _sites_in(data: bytes) -> list[Site] | None:
    """The table of a file that was written here; None for any other file."""
    try:
        text = data.decode()
        tree = ast.parse(text)
    except (UnicodeDecodeError, SyntaxError, ValueError):
        return None
    for node in tree.body if text.startswith(MARK) else ():
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "SITES":
            try:
                rows = ast.literal_eval(node.value)
                return [(str(where), str(asked), str(key), dict(settings)) for where, asked, key, settings in rows]
            except (ValueError, TypeError):
                return None
    return None
