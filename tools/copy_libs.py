"""Copy the front-end libraries from node_modules/ into static/lib/, the only one of these folders that is served.

Both modules are whole ES modules without imports, so the browser loads them as they are.
"""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
SERVED = (
    "socket.io-client/dist/socket.io.esm.min.js",
    "uplot/dist/uPlot.esm.js",
    "uplot/dist/uPlot.min.css",
)
# The maps are not served; with this line kept, every open developer tool would ask for them in vain.
SOURCE_MAP_LINE = re.compile(r"^//# sourceMappingURL=.*$\n?", re.MULTILINE)


def main() -> None:
    target = ROOT / "static" / "lib"
    target.mkdir(parents=True, exist_ok=True)
    for name in SERVED:
        source = ROOT / "node_modules" / name
        text = source.read_text(encoding="utf-8")
        (target / source.name).write_text(SOURCE_MAP_LINE.sub("", text), encoding="utf-8")


if __name__ == "__main__":
    main()
