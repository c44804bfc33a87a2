"""The board of sources: every archive, what proves it, who saw it last, what it says now."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.recipes.small import tables, write
from tests.servers.misbehaving import Misbehaving
from wizard.app.sources import source_board
from wizard.cli import invoke
from wizard.kinds.registry import load_recipe
from wizard.recipes.loader import names


def test_every_archive_of_every_collection_is_on_the_board() -> None:
    for name in names():
        recipe = load_recipe(name)
        rows = source_board(recipe)
        assert len(rows) == sum(len(each.archives) for each in recipe.datasets)
        for row in rows:
            assert row.access != "open" or row.addresses, row.name


def test_addresses_reported_gone_say_so_and_by_whom(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["sources", "mseg"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "reported gone 2021-02-02 by mseg-dataset/mseg-api#20" in printed
    assert "compared with md5 of datadings" in printed
    assert "copy of John Lambert, of MSeg" in printed


def test_a_check_asks_every_address_and_ends_with_1_when_an_archive_is_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Misbehaving() as server:
        content = tables()
        lists, birds = (each["archives"] for each in content["datasets"][:2])
        lists[0] |= {"urls": [server.put("lists.zip", b"x" * 100)], "size": 100}
        birds[0] |= {"urls": [f"{server.url}/nobody/birds.zip"]}
        path = write(tmp_path, content)
        code = invoke(["sources", str(path), "--check", "--json"])
        rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert code == 1
    assert rows["lists.zip"]["standing"] == "had"
    assert rows["lists.zip"]["addresses"][0]["found"]["state"] == "alive"
    assert rows["birds.zip"]["standing"] == "lost"
    assert rows["birds.zip"]["addresses"][0]["found"]["state"] == "gone"


def test_a_long_series_is_one_entry_with_its_count_and_json_keeps_every_shard(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [row for row in source_board(load_recipe("partdistillation")) if "parquet" in row.name]
    assert invoke(["sources", "partdistillation"]) == 0
    printed = capsys.readouterr().out
    assert "train-*-of-00294.parquet (294): about 146 GB, stands by" in printed
    assert "/data/train-*-of-00294.parquet" in printed
    assert printed.count(".parquet") == 4  # two series: a name and an address each
    assert f"{len(source_board(load_recipe('partdistillation')))} archives" in printed
    assert invoke(["sources", "partdistillation", "--json"]) == 0
    told = [row for row in json.loads(capsys.readouterr().out) if "parquet" in row["name"]]
    assert [row["name"] for row in told] == [row.name for row in rows]


def test_the_one_shard_that_is_lost_stands_by_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Misbehaving() as server:
        content = tables()
        birds = content["datasets"][1]
        urls = [server.put(f"part-{n:02}.zip", b"x" * 100) for n in range(23)]
        urls[11] = f"{server.url}/nobody/part-11.zip"
        birds["archives"] += [
            {"name": f"part-{n:02}.zip", "size": 100, "urls": [url]} for n, url in enumerate(urls)
        ]
        assert invoke(["sources", str(write(tmp_path, content)), "--check"]) == 1
    printed = capsys.readouterr().out
    assert "  part-*.zip (11): 1.1 kB" in printed
    assert "  part-*.zip (11): 1.1 kB" in printed.partition("part-11.zip: 100 B")[2]
    assert "birds/part-11.zip" in printed


def test_a_machine_without_a_network_is_not_told_that_all_is_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = tables()
    for dataset in content["datasets"]:
        for archive in dataset["archives"]:
            archive["urls"] = [f"http://127.0.0.1:9/{archive['name']}"]
    assert invoke(["sources", str(write(tmp_path, content)), "--check"]) == 1
    said = capsys.readouterr().out
    assert "No host can be reached from here" in said
    assert "No address gives" not in said
