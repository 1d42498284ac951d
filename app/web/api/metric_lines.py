"""Lines of Prometheus' text exposition format, version 0.0.4."""

from collections.abc import Iterator, Mapping

from app.records.visible import visible


def head(name: str, kind: str, help_text: str) -> Iterator[str]:
    """Yield the lines before the values of a metric."""
    yield f"# HELP {name} {help_text}"
    yield f"# TYPE {name} {kind}"


def labelled(name: str, labels: Mapping[str, str], value: float) -> str:
    written = ",".join(f'{label}="{_escaped(content)}"' for label, content in labels.items())
    return f"{name}{{{written}}} {value}"


def _escaped(content: str) -> str:
    """Return a value of a label; the format knows three escapes, so that of a control character is text in it."""
    return visible(content, "\n").replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
