"""What the tests say of their own files is true of them."""

import pytest

from tests import conftest
from tests.contract import documents as doc


@pytest.mark.parametrize("file", conftest.LONGEST)
def test_a_file_that_is_run_first_exists(file: str) -> None:
    assert (doc.ROOT / file).is_file()


@pytest.mark.parametrize("folder", [folder for folders in conftest.BROWSERS for folder in folders])
def test_a_folder_of_a_browser_exists(folder: str) -> None:
    assert (doc.ROOT / folder).is_dir()
