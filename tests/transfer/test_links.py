"""Links as people paste them, and what their signatures say."""

from __future__ import annotations

import base64
import json
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.credentials.secret import Secret
from wizard.errors import UsageError
from wizard.transfer.links.pasted import below, clean, read_base_address, read_link, validity

URL = "https://bucket.s3.example/data/idd-segmentation.tar.gz?a=1&b=2"
NAME = "idd-segmentation.tar.gz"


@pytest.mark.parametrize(
    "pasted",
    [
        URL,
        f"  {URL}\n",
        f'"{URL}"',
        f"'{URL}'",
        f"<{URL}>",
        URL.replace("&", "&amp;"),
        f'wget -c -O {NAME} "{URL}"',
        f"wget '{URL}' -O {NAME} --no-check-certificate",
        f"wget {URL} -O {NAME}",
        f"curl -L \\\n  '{URL}' \\\n  -H 'cookie: a=b' --compressed",
        f"curl {URL} \\\n  -o {NAME}",
        f'IDD_ZIP_URL="{URL}"',
        f"[download]({URL})",
        URL[:30] + "\n" + URL[30:],
        URL[:30] + "\r\n   " + URL[30:50] + "\n" + URL[50:],
        f'"{URL[:40]}\n{URL[40:]}"',
        f"Dear Ada,\n\nyour link:\n{URL}\n\nIt is valid for a day.\n",
        f"your link:\n{URL}\nIt is valid for a day.\n",
    ],
)
def test_pasted_text_is_cleaned(pasted: str) -> None:
    link = read_link(pasted, names=[NAME])
    assert link.address == Secret(URL)
    assert (link.host, link.name) == ("bucket.s3.example", NAME)
    assert link.shown() == f"{NAME} from bucket.s3.example"


@given(st.integers(9, len(URL) - 1), st.sampled_from(["\n", "\r\n", "\n  ", " \n\t"]))
@settings(max_examples=40)
def test_a_break_anywhere_is_mended(place: int, gap: str) -> None:
    assert clean(URL[:place] + gap + URL[place:]) == URL


@pytest.mark.parametrize(
    ("pasted", "reason"),
    [
        ("", "no web address"),
        ("see the mail", "no web address"),
        ("ftp://host.example/a.zip", "cannot be fetched"),
        ("file:///etc/passwd", "cannot be fetched"),
        (f"{URL}\n{URL}0", "two links"),
        ("https://host.example/other.zip", "is for other.zip, not for idd-"),
        ("https://idd.example/download/", "not the link to the file"),
    ],
)
def test_what_is_wrong_is_said(pasted: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason) as caught:
        read_link(pasted, names=[NAME], page="https://idd.example/download/")
    assert caught.value.hint


def test_a_link_that_a_mail_holds_twice_is_one_link() -> None:
    assert read_link(f"{URL}\n{URL}", names=[NAME]).address.reveal() == URL


def test_a_link_without_a_file_name_may_be_anything() -> None:
    assert read_link("https://host.example/get?id=7", names=[NAME]).name == "get"


def test_content_disposition_in_the_query_names_the_file() -> None:
    query = urlencode({"response-content-disposition": f'attachment; filename="{NAME}"'})
    assert read_link(f"https://host.example/3f2a?{query}", names=[NAME]).name == NAME


def amazon(**changes: str) -> str:
    fields = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Date": "20260301T120000Z",
        "X-Amz-Expires": "3600",
        "X-Amz-Signature": "a" * 64,
        **changes,
    }
    return f"https://b.example/{NAME}?{urlencode(fields)}"


def test_amazon_signature_end() -> None:
    assert read_link(amazon()).expires == 1772370000.0


def test_a_cut_amazon_signature_is_noticed() -> None:
    with pytest.raises(UsageError, match="cut short"):
        read_link(amazon(**{"X-Amz-Signature": "abc"}))
    with pytest.raises(UsageError, match="cut short"):
        read_link(amazon().split("&X-Amz-Signature")[0])


def test_other_signatures() -> None:
    policy = {"Statement": [{"Condition": {"DateLessThan": {"AWS:EpochTime": 1772370000}}}]}
    text = base64.b64encode(json.dumps(policy).encode()).decode()
    text = text.replace("+", "-").replace("=", "_").replace("/", "~")
    address = f"https://d.example/{NAME}"
    assert read_link(f"{address}?Policy={text}&Signature=x").expires == 1772370000.0
    assert read_link(f"{address}?Expires=1772370000&Signature=x").expires == 1772370000.0
    azure = urlencode({"se": "2026-03-01T13:00:00Z", "sig": "x"})
    assert read_link(f"{address}?{azure}").expires == 1772370000.0
    assert read_link(f"{address}?Policy=%%%&Expires=soon").expires is None


def test_time_left_is_compared_with_the_time_needed() -> None:
    link = read_link(amazon())
    now = 1772370000.0 - 11400
    good = validity(link, size=9_600_000_000, rate=1e6, now=now)
    assert good.enough
    assert good.words() == "The link is valid for 3 h 10 min, the download needs about 2 h 40 min."
    slow = validity(link, size=12_000_000_000, rate=1e6, now=now)
    assert not slow.enough
    assert slow.words().endswith("but the download needs about 3 h 20 min at this speed.")
    unknown = validity(link, size=11_400_000_000, rate=None, now=now)
    assert unknown.words().endswith("3 h 10 min; the download has to run at 1.0 MB/s or more.")
    late = validity(link, size=1, rate=None, now=1772370000.0 + 600)
    assert late.expired
    assert late.words() == "The link expired 10 min ago."
    silent = validity(read_link(URL), size=1, rate=None, now=now)
    assert silent.enough
    assert "does not say" in silent.words()


@pytest.mark.parametrize(
    "pasted",
    [
        "http://s.example/scannet",
        "http://s.example/scannet/",
        "BASE_URL = 'http://s.example/scannet/'",
        "TOS_URL = 'http://t.example/a.pdf'\nBASE_URL=\"http://s.example/scannet/\"\n",
    ],
)
def test_base_address_ends_in_a_slash_and_is_joined_as_an_address(pasted: str) -> None:
    base = read_base_address(pasted)
    assert base.address == Secret("http://s.example/scannet/")
    assert below(base.address, "v2/tasks/a.zip") == Secret(
        "http://s.example/scannet/v2/tasks/a.zip"
    )
    assert below(base.address, "/v2/a.zip") == Secret("http://s.example/scannet/v2/a.zip")


def test_a_whole_link_is_no_base_address() -> None:
    with pytest.raises(UsageError, match="nothing after"):
        read_base_address(URL)
