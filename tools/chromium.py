"""Find the Chromium for the browser tests and screenshots; run as a module, install one.

The order: Debian's package where we are root, another browser on PATH, Playwright's own download.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

#: Debian's build without windows; loading a page costs it a quarter less.
SHELL = "chromium-headless-shell"
NAMES = (SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
APT = ("apt-get", "--quiet", "-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=20")


def find_on_path() -> str | None:
    """Return the first installed browser that starts; None to use Playwright's own."""
    return next((path for name in NAMES if (path := shutil.which(name)) and _starts(path)), None)


def main() -> None:
    if os.geteuid() == 0 and shutil.which("apt-get") and not _install(SHELL) and not find_on_path():
        _install("chromium")
    if find_on_path() or _playwright_has_one():
        return
    print("Installing Playwright's Chromium for the browser tests.", flush=True)
    if not _run(sys.executable, "-m", "playwright", "install", "chromium"):
        sys.exit("No browser for the tests: install chromium or google-chrome, then try again.")


def _install(package: str) -> bool:
    """Install a package of Debian unless it is there; return whether it is there."""
    if shutil.which(package):
        return True
    print(f"Installing Debian's {package} for the browser tests.", flush=True)
    install = (*APT, "install", "--yes", "--no-install-recommends", package)
    # The list of packages may be old.
    return _run(*install) or (_run(*APT, "update") and _run(*install))


def _starts(path: str) -> bool:
    # Ubuntu's chromium-browser is a note that asks for a snap, and fails.
    return subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False).returncode == 0


def _playwright_has_one() -> bool:
    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists()


def _run(*command: str) -> bool:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=environment, check=False).returncode == 0


if __name__ == "__main__":
    main()
