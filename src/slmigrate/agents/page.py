"""A report as one HTML file: nothing loaded from elsewhere, light or dark as the reader's machine is set."""

from html import escape

_STYLE = """
:root { color-scheme: light dark; --text: #1f2328; --page: #ffffff; --soft: #f4f6f8; --line: #d6dbe0;
  --muted: #5b6570; --late: #b3261e; --link: #0b57d0; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e7ea; --page: #14171a; --soft: #1d2226; --line: #363d44;
  --muted: #9aa4ae; --late: #ff8a80; --link: #8ab4f8; } }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 60rem; background: var(--page); color: var(--text);
  font: 16px/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
a { color: var(--link); } ul { padding-left: 1.25rem; } li { margin: .2rem 0; }
table { border-collapse: collapse; width: 100%; } th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--line);
  text-align: left; } th { background: var(--soft); } td.number, th.number { text-align: right; }
blockquote { margin: .4rem 0; padding-left: .8rem; border-left: 3px solid var(--line); }
.muted { color: var(--muted); } .late { color: var(--late); }
"""


def page(title: str, body_html: str) -> str:
    """A whole HTML document.

    Args:
        title: plain text; it is escaped here.
        body_html: HTML, used as it is: whoever builds it has escaped what people wrote.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body_html}\n</body>\n</html>\n"
    )
