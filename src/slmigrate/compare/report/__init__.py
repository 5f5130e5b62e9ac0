"""The report: one HTML file that a team decides with. It asks the network for nothing and runs no script.

    write_report(comparison, cases, runs)

`view` says what is shown, `plots` draws, `marking` marks differences, `report.html` and `style.css` say how it looks.
"""

from collections.abc import Mapping, Sequence
from importlib.resources import files

from slmigrate.compare.outcome import Run
from slmigrate.compare.report.view import view
from slmigrate.errors import ExtraMissing
from slmigrate.records import Case, Comparison


def write_report(comparison: Comparison, cases: Sequence[Case], runs: Mapping[str, Run]) -> str:
    """The whole page as text.

    Args:
        cases, runs: those of the comparison; runs by spec.

    Raises:
        ExtraMissing: jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError as error:
        raise ExtraMissing("compare", needed_for="The report") from error
    here = files("slmigrate.compare.report")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(here.joinpath("report.html").read_text(encoding="utf-8"))
    style = here.joinpath("style.css").read_text(encoding="utf-8")
    return template.render(style=style, **view(comparison, cases, runs)) + "\n"
