"""What is said of a folder where no install is, and of one that was filled by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from wizard.errors import UsageError
from wizard.headless.commands.status import command as status
from wizard.headless.commands.verify import command as verify


@pytest.mark.parametrize("command", [status, verify])
@pytest.mark.parametrize("words", [(), ("fptrans",)])
def test_a_folder_without_an_install_is_told_with_what_to_do(
    command: object, words: tuple[str, ...], tmp_path: Path
) -> None:
    done = CliRunner().invoke(command, [*words, "--dest", str(tmp_path)])  # type: ignore[arg-type]
    assert isinstance(done.exception, UsageError)
    assert done.exception.message == "no install is here"
    begin = f"segwizard run fptrans --dest {tmp_path}" if words else "segwizard run COLLECTION"
    assert begin in done.exception.hint
    assert list(tmp_path.iterdir()) == []


def test_what_came_by_hand_is_looked_at_when_the_collection_is_named(tmp_path: Path) -> None:
    (tmp_path / "FPTrans/data/COCO").mkdir(parents=True)
    done = CliRunner().invoke(status, ["fptrans", "--dest", str(tmp_path)])
    assert done.exit_code == 0
    assert "COCO-20i: " in done.stdout
