"""``segwizard plan`` and ``recipes``: lines for people, JSON for programs, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from wizard.errors import DestinationError, RecipeError, UsageError
from wizard.headless.commands.plans import command as plan
from wizard.headless.commands.recipes import command as recipes
from wizard.headless.options import spread
from wizard.headless.terminal.columns import columns, shortened
from wizard.kinds.registry import load_recipe
from wizard.plan.planner import make_plan
from wizard.recipes.loader import names
from wizard.views import Snapshot, StepView


@pytest.fixture(autouse=True)
def no_site_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "etc"))


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(plan, list(arguments))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_the_plan_names_archives_gates_sizes_and_people() -> None:
    text = run("mseg").stdout
    for piece in (
        "COCO Panoptic (coco-panoptic)",
        "train2017.zip",
        "19.3 GB",
        "base-url",
        "Disk at the fullest",
        "Disk at the end",
        "core hours",
        "ScanNet: an address by mail",
        "about a week",
    ):
        assert piece in text, piece


def test_the_plan_fits_eighty_columns_but_for_addresses() -> None:
    lines = run("mseg", "--without", "idd", "KITTI").stdout.splitlines()
    assert all(len(line) <= 80 for line in lines if "://" not in line)
    assert lines[-1].endswith("idd, kitti")


def test_the_plan_as_json_is_the_plan_a_run_executes() -> None:
    found = json.loads(run("mseg", "--only", "idd", "--json").stdout)
    assert [each["id"] for each in found["datasets"]] == ["mseg-api", "idd"]
    assert found["steps"][0]["address"] == "mseg-api/fetch:mseg-api.tar.gz"
    assert {"kind": "labels"}.items() <= found["steps"][-4]["spec"].items()
    (archive,) = [each for each in found["archives"] if each["dataset"] == "idd"]
    assert archive["place"] == "mseg_dataset/IDD/idd-segmentation.tar.gz"
    assert (archive["access"], archive["exact"], archive["present"]) == ("link", False, False)
    assert [each["dataset"] for each in found["waiting"]] == ["idd"]
    assert found["peak_bytes"] > found["end_bytes"] > 0
    assert found["destination"] is None


def test_a_destination_is_checked_and_refused_after_the_plan(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    result = CliRunner().invoke(plan, ["mseg", "--dest", str(file), "--json"])
    assert isinstance(result.exception, DestinationError)
    found = json.loads(result.stdout)
    assert found["destination"]["fits"] is False
    assert "is a file" in found["destination"]["reason"]


def test_a_site_file_makes_a_miniature_that_fits(tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    site.write_text(
        '[archives."idd-segmentation.tar.gz"]\naccess = "open"\nurls = ["http://x/i"]\nsize = 9'
    )
    options = ("--only", "idd", "--site", str(site), "--dest", str(tmp_path / "d"), "--json")
    found = json.loads(run("mseg", *options).stdout)
    assert found["destination"]["fits"] is True
    assert found["destination"]["need_bytes"] < found["destination"]["free_bytes"]
    assert found["waiting"] == []


def test_an_install_that_is_done_needs_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever little is free: what the disk holds already is not asked for again."""
    everything = tuple(
        StepView(address=s.address, dataset=s.dataset, title=s.title, kind=s.kind, state="done")
        for s in make_plan(load_recipe("mseg"), None).steps
    )
    whole = Snapshot(collection="mseg", dest="", moment=0, running=False, steps=everything)
    monkeypatch.setattr("wizard.app.planning.survey", lambda _, *, seen: whole)
    (tmp_path / ".segwizard").mkdir()
    found = json.loads(run("mseg", "--dest", str(tmp_path), "--json").stdout)
    assert found["fetch_bytes"] == 0
    assert found["destination"]["need_bytes"] == 0
    assert found["waiting"] == []


@pytest.mark.parametrize(
    "arguments, kind",
    [
        (("msge",), UsageError),
        (("mseg", "--only", "nobody"), UsageError),
        (("mseg", "--site", "/nowhere/site.toml"), RecipeError),
        (("mseg", "--dest", ".", "--workers", "0"), UsageError),
    ],
)
def test_mistakes_are_errors_with_exit_code_2(arguments: tuple[str, ...], kind: type) -> None:
    with pytest.raises(kind) as caught:
        run(*arguments)
    assert caught.value.exit_code == 2


def test_recipes_are_listed() -> None:
    assert "13 datasets" in CliRunner().invoke(recipes, []).stdout
    found = json.loads(CliRunner().invoke(recipes, ["--json"]).stdout)
    assert [each["id"] for each in found] == list(names())
    mseg = next(each for each in found if each["id"] == "mseg")
    assert len(mseg["datasets"]) == 14


@pytest.mark.parametrize(
    "words, spelled",
    [
        ("mseg --only a b --json", "mseg --only a --only b --json"),
        ("mseg --only a,b --without c", "mseg --only a,b --without c"),
        ("mseg --only=a b", "mseg --only=a b"),
        ("mseg --only --json", "mseg --only --json"),
        ("mseg --only", "mseg --only"),
        ("mseg --dest d", "mseg --dest d"),
    ],
)
def test_lists_of_names_take_all_words_up_to_the_next_option(words: str, spelled: str) -> None:
    assert spread(words.split()) == spelled.split()


@pytest.mark.parametrize("option", ["--only", "--without"])
@pytest.mark.parametrize("empty", ["", ",", " "])
def test_an_empty_list_of_names_does_not_mean_everything(option: str, empty: str) -> None:
    with pytest.raises(UsageError, match=f"{option} names no dataset"):
        run("mseg", option, empty)


def test_names_may_be_joined_by_commas() -> None:
    found = json.loads(run("mseg", "--only", "idd,kitti", "--json").stdout)
    assert len(found["datasets"]) == 3


def test_a_wide_table_cuts_its_first_column_in_the_middle() -> None:
    (line,) = columns([("abcdefghij.zip", "1 MB")], right=frozenset({1}), width=15)
    assert line == "abcd….zip  1 MB"
    assert shortened("short", 10) == "short"


def test_a_long_series_takes_one_line() -> None:
    lines = run("partdistillation").stdout.splitlines()
    (line,) = [each for each in lines if "train-*-of-00294.parquet (294)" in each]
    assert "(~146 GB)" in line
    assert not any("train-00001-of" in each for each in lines)
    assert "train_images_4.tar.gz" in "".join(lines)
    archives = json.loads(run("partdistillation", "--json").stdout)["archives"]
    assert sum("-of-00294.parquet" in each["name"] for each in archives) == 294
