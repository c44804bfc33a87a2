"""Links as mail, chat, browsers and shells hand them over, and what became of those they spoilt."""

from __future__ import annotations

import base64
import quopri
import urllib.parse
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.errors import UsageError
from wizard.transfer.links.pasted import clean, read_link
from wizard.transfer.links.wrappings import unwrapped

NAME = "data_semantics.zip"
URL = f"https://files.example.org/kitti/{NAME}?X-Id=a1&Expires=1999999999&Signature=ab%2Bcd&k=7"
CHROME_HEADERS = "-H 'accept: */*' -H 'referer: https://page.example/form' -H 'cookie: a=b; c=d'"

MAIL = {
    "quoted": f"> Dear Ada,\n> your link:\n> {URL}\n> Regards",
    "quoted twice": f">> your link:\n>> {URL}\n> thanks\n",
    "quoted and broken": f"> see\n> {URL[:50]}\n> {URL[50:]}\n>\n> Regards, Bob",
    "quoted with a bar": f"| {URL[:40]}\n| {URL[40:]}\n|\n| Bye bye",
    "quoted-printable": quopri.encodestring(f"Your link: {URL} .\n".encode()).decode(),
    "quoted-printable, cut": "see {}=\r\n{}".format(
        *(part.replace("=", "=3D") for part in (URL[:60], URL[60:]))
    ),
    "quoted-printable, no query": "https://files.example.org/kitti/data_sem=\r\nantics.zip",
    "entities": URL.replace("&", "&amp;"),
    "numbered entities": URL.replace("&", "&#38;"),
    "tag": f'<a href="{URL.replace("&", "&amp;")}">here</a>',
    "escaped tag": f"&lt;{URL.replace('&', '&amp;')}&gt;",
    "angle brackets": f"Get it at <{URL}>.",
    "angle brackets with URL:": f"<URL:{URL}>",
    "round brackets": f"(see {URL})",
    "full stop": f"Your link is {URL}.",
    "comma and more": f"Use {URL}, please.",
    "exclamation": f"Here: {URL}!",
    "guillemets": f"«{URL}»",
    "typographic": f"“{URL}”",
}
CHAT = {
    "zero width at the end": f"{URL}\u200b",
    "zero width within": URL[:30] + "\u200b" + URL[30:],
    "joiner and mark": f"\ufeff{URL}\u2060",
    "direction": f"\u202a{URL}\u202c",
    "soft hyphen": URL.replace("semantics", "seman\u00adtics"),
    "no-break space": f"link:\u00a0{URL}\u00a0(valid one day)",
    "markdown": f"[{NAME}]({URL})",
    "markdown with title": f'[here]({URL} "the file")',
    "markdown, doubled": f"[{URL}]({URL})",
    "markdown in brackets": f"[x](<{URL}>)",
    "bold": f"**{URL}**",
    "code": f"`{URL}`",
    "slack": f"<{URL}|{NAME}>",
    "json": '{"url": "' + URL.replace("/", "\\/").replace("&", "\\u0026") + '"}',
}
MARKUP = {
    "tag without quotes": f"<a href={URL.replace('&', '&amp;')}>here</a>",
    "property list": f"<key>URL</key>\n<string>{URL.replace('&', '&amp;')}</string>",
    "forum": f"[url]{URL}[/url]",
    "forum with a name": f"[url={URL}]KITTI[/url]",
    "org": f"[[{URL}][KITTI]]",
    "wiki": f"[{URL} KITTI]",
    "spoiler": f"||{URL}||",
    "german quotes": f"„{URL}“",
    "japanese quotes": f"「{URL}」",
    "latex": f"\\url{{{URL}}}",
    "latex with a name": "\\href{" + URL.replace("%", "\\%").replace("&", "\\&") + "}{KITTI}",
}
SHELLS = {
    "in a file of commands": 'curl "' + URL.replace("%", "%%") + f'" -o {NAME}',
    "chrome, bash": f"curl '{URL}' \\\n  -H 'accept: */*' \\\n  --compressed",
    "chrome, headers first": f"curl {CHROME_HEADERS} '{URL}'",
    "chrome, dollar": f"curl $'{URL}' \\\n  -H $'cookie: a=\\u0021'",
    "chrome, cmd": 'curl ^"'
    + URL.replace("&", "^&").replace("%", "^%")
    + '^" ^\n  -H ^"accept: */*^"',
    "chrome, cmd plain": f'curl "{URL}" ^\r\n  -H "accept: */*" ^\r\n  --compressed',
    "chrome, powershell": (
        "$session = New-Object Microsoft.PowerShell.Commands.WebRequestSession\n"
        f'Invoke-WebRequest -UseBasicParsing -Uri "{URL}" `\n-WebSession $session `\n'
        '-Headers @{\n"Referer"="https://page.example/"\n}'
    ),
    "powershell, short": f"iwr -Uri '{URL}' -OutFile {NAME}",
    "bits": f"Start-BitsTransfer -Source '{URL}' -Destination .",
    "firefox": f"curl '{URL}' --compressed -X GET -H 'User-Agent: Mozilla/5.0 (X11)'",
    "wget": f'wget --header="Referer: https://page.example/x" -O {NAME} "{URL}"',
    "wget, cookies": f"wget --load-cookies cookies.txt '{URL}' -c",
    "wget, escaped": "wget " + URL.replace("&", "\\&").replace("?", "\\?").replace("=", "\\="),
    "aria2": f"aria2c -x8 -o {NAME} '{URL}'",
    "python": f'urllib.request.urlretrieve("{URL}", "{NAME}")',
    "windows line": f"{URL[:45]}\r\n{URL[45:]}\r\n",
}


@pytest.mark.parametrize("form", [*MAIL, *CHAT, *MARKUP, *SHELLS])
def test_what_surrounds_a_link_is_taken_off(form: str) -> None:
    pasted = {**MAIL, **CHAT, **MARKUP, **SHELLS}[form]
    link = read_link(pasted, names=[NAME])
    assert link.address.reveal() == (URL if "no query" not in form else URL.partition("?")[0])
    assert link.name == NAME


def defended_2(address: str) -> str:
    written = quote(address, safe=":/").replace("-", "%2D").replace("_", "%5F")
    written = written.replace("/", "_").replace("%", "-")
    return f"https://urldefense.proofpoint.com/v2/url?u={written}&d=Dw"


def defended(address: str) -> str:
    hidden = "".join(letter for letter in address if letter in "%&")
    shown = "".join("*" if letter in "%&" else letter for letter in address)
    letters = base64.urlsafe_b64encode(hidden.encode()).decode().rstrip("=")
    return f"https://urldefense.com/v3/__{shown}__;{letters}!!AbC!xyz$"


_LETTERS = base64.urlsafe_b64encode(URL.encode()).decode().rstrip("=")
GATEWAYS = {
    "proofpoint 1": "https://urldefense.proofpoint.com/v1/url?" + urlencode({"u": URL, "k": "a"}),
    "proofpoint 3, government": defended(URL).replace(".com/v3", ".us/v3"),
    "google, country": "https://www.google.co.uk/url?" + urlencode({"sa": "t", "url": URL}),
    "nobody told of": "https://gate.example.org/go?" + urlencode({"k": "1", "where": URL}),
    "in the path": "https://r.example.org/_y=A/RU=" + quote(URL, safe="") + "/RK=2",
    "as it is": f"https://url.gate.example/v2/___{URL}___.YXAzOm",
    "behind a hash": "https://mail.example.org/u/0/?ui=2#url=" + quote(URL, safe=""),
    "in letters": f"https://search.example.org/ck/a?!&&p=x&u=a1{_LETTERS}&ntb=1",
    "safelinks": "https://eur01.safelinks.protection.outlook.com/?"
    + urlencode({"url": URL, "data": "05|01|ada", "sdata": "x", "reserved": "0"}),
    "google": "https://www.google.com/url?" + urlencode({"sa": "D", "q": URL, "ust": "1"}),
    "google mail": "https://www.google.com/url?" + urlencode({"url": URL}),
    "barracuda": "https://linkprotect.cudasvc.com/url?" + urlencode({"a": URL, "c": "E,1"}),
    "proofpoint 2": defended_2(URL),
    "proofpoint 3": defended(URL),
    "cisco": "https://secure-web.cisco.com/1abcDEF/" + quote(URL, safe=""),
    "trend micro": "https://ca.trendmicro.com/wis/clicktime/v1/query?" + urlencode({"url": URL}),
    "fireeye": "https://protect2.fireeye.com/v1/url?" + urlencode({"k": "1", "u": URL}),
    "sophos": "https://eu.protection.sophos.com?"
    + urlencode({"d": "files.example.org", "u": base64.b64encode(URL.encode()).decode()}),
    "facebook": "https://l.facebook.com/l.php?" + urlencode({"u": URL, "h": "AT1"}),
    "slack": "https://slack-redir.net/link?" + urlencode({"url": URL}),
}


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize("around", ["{}", "Your link: <{}>.", "> {}\n> Bye, Bob", "[x]({})"])
def test_gateways_are_unwrapped(gateway: str, around: str) -> None:
    assert read_link(around.format(GATEWAYS[gateway]), names=[NAME]).address.reveal() == URL


def test_wraps_within_wraps_are_unwrapped() -> None:
    twice = "https://www.google.com/url?" + urlencode({"q": GATEWAYS["safelinks"]})
    assert unwrapped(twice) == URL


def test_of_two_wanted_files_in_one_link_none_is_chosen() -> None:
    two = urlencode({"a": f"https://x.org/{NAME}", "b": f"https://y.org/{NAME}"})
    address = f"https://gate.example.org/go?{two}"
    assert read_link(address, names=[NAME]).address.reveal() == address


@pytest.mark.parametrize("host", ["protect-eu.mimecast.com/s/AbC", "bit.ly/3x", "t.co/Ab"])
def test_a_wrap_that_hides_where_it_leads_is_refused_as_what_it_is(host: str) -> None:
    with pytest.raises(UsageError, match="hides where it leads") as caught:
        read_link(f"https://{host}")
    assert "browser" in caught.value.hint


@pytest.mark.parametrize(
    "plain",
    [
        "https://storage.googleapis.com/b/a.zip?url=https://x.org/b.zip",
        "https://drive.google.com/uc?export=download&id=1",
        "https://host.example/url?q=https://x.org/",
        "https://en.wikipedia.org/wiki/Zip_(file_format)",
        "https://host.example/a.zip?note=3D&copy=1&reg=2",
        "https://host.example/a-b_c~d.zip",
        "https://host.example/a.zip?Expires=1795922189&Signature=3d0544bf6f7c38fb&Key-Pair-Id=DEMO",
        "https://host.example/a.zip?Signature=3d0544bf6f7c38fb",
        "https://host.example/a.zip?X-Amz-Signature=3D" + "0F" * 31,
        "https://host.example/a.zip?Expires=3F0&Signature=3D000",
        "https://host.example/year=2026/a.zip",
        "https://host.example/part=AB/a.zip",
        "http://host.example/a^b.zip?c=d^e",
    ],
)
def test_what_only_looks_like_a_wrap_is_left_alone(plain: str) -> None:
    assert clean(plain) == plain


VALUES = st.builds(
    "{}{}".format,
    st.sampled_from(["", "", "3d", "3D", "20", "C3"]),
    st.text("0123456789abcdefABCDEF", min_size=3, max_size=40)
    | st.binary(min_size=3, max_size=30).map(lambda key: quote(base64.b64encode(key), safe="")),
)
FIELDS = st.dictionaries(
    st.sampled_from(["Expires", "Signature", "sig", "Key-Id", "token", "v"]), VALUES, min_size=1
)


def with_fields(fields: dict[str, str]) -> str:
    return f"https://host.example/a.zip?{'&'.join(map('='.join, fields.items()))}"


@given(FIELDS)
@settings(max_examples=400, deadline=None)
def test_a_plain_link_stays_as_it_is_whatever_its_values(fields: dict[str, str]) -> None:
    like_mail = all(value[:2].upper() == "3D" for value in fields.values())
    if not like_mail or (len(fields) == 1 and "=3d" in with_fields(fields)):
        assert clean(with_fields(fields)) == with_fields(fields)


@given(FIELDS, st.sampled_from(["", "Grüße: ", "see it, "]), st.booleans())
@settings(max_examples=400, deadline=None)
def test_a_link_in_the_source_of_a_mail_is_read_whatever_its_values(
    fields: dict[str, str], before: str, windows: bool
) -> None:
    source = quopri.encodestring(f"{before}{with_fields(fields)}\n".encode()).decode()
    pasted = source.replace("\n", "\r\n") if windows else source
    assert clean(pasted) == with_fields(fields)


@pytest.mark.parametrize("sign", ["\x07", "\x17", "\x7f", "\x9b", "\ud800"])
def test_what_no_address_holds_is_refused_where_it_is_pasted(sign: str) -> None:
    with pytest.raises(UsageError, match="holds signs that none has"):
        read_link(f"https://host.example/a{sign}b.zip?Signature=1")


def test_half_a_sign_in_the_source_of_a_mail_is_no_fault() -> None:
    assert read_link("\ud800 https://host.example/a.zip?v=3D1").name == "a.zip"


V2 = f"https://b.s3.amazonaws.com/{NAME}?AWSAccessKeyId=AKIA1&Expires=1999999999&Signature="
V4 = (
    f"https://b.s3.amazonaws.com/{NAME}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2Fus"
    f"&X-Amz-Date=20260301T120000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature="
)
AZURE = "https://a.blob.core.windows.net/c/a.zip?sv=2022-11-02&se=2033-01-01T00:00:00Z&sr=b&sig="
GOOGLE = (
    "https://storage.googleapis.com/b/a.zip?X-Goog-Algorithm=GOOG4-RSA-SHA256"
    "&X-Goog-Date=20260301T120000Z&X-Goog-Expires=3600&X-Goog-Signature="
)
CLOUDFRONT = "https://d1.cloudfront.net/a.zip?Expires=1999999999&Key-Pair-Id=K1&Signature="
WHOLE = [
    V2 + quote(base64.b64encode(b"s" * 20), safe=""),
    V4 + "0f" * 32,
    AZURE + "a%2Fb%3D",
    GOOGLE + "0f" * 256,
    CLOUDFRONT + "x~y_",
]


@pytest.mark.parametrize("whole", WHOLE)
def test_whole_signed_links_pass_and_name_their_end(whole: str) -> None:
    assert read_link(f"curl '{whole}'").expires is not None


@pytest.mark.parametrize("whole", [link for link in WHOLE if "sv=" not in link])
def test_a_link_that_a_shell_cut_is_told_so(whole: str) -> None:
    with pytest.raises(UsageError, match="at its first '&': a shell") as caught:
        read_link(whole.split("&")[0])
    assert "quotes" in caught.value.hint


@pytest.mark.parametrize("whole", WHOLE)
def test_a_link_without_its_end_is_refused_with_the_reason(whole: str) -> None:
    with pytest.raises(UsageError, match="the end of this link is missing"):
        read_link(whole[: whole.lower().rindex("&sig" if "&sig" in whole.lower() else "&x-")])


@pytest.mark.parametrize("cut", [V2 + "abc%3D", V4 + "0f", GOOGLE + "0f0"])
def test_a_signature_that_is_too_short_is_told(cut: str) -> None:
    with pytest.raises(UsageError, match="signature is cut short"):
        read_link(cut)


@pytest.mark.parametrize(
    "text", ["http://[", "https://host:port/a", "https://", "http://[::1", "x" * (2 << 20)]
)
def test_what_is_no_address_is_refused_and_never_a_fault(text: str) -> None:
    with pytest.raises(UsageError):
        read_link(text)


@given(st.text(max_size=300) | st.text("https:/.%&=?<>()[]'\"\\^` \n\u200bab", max_size=80))
@settings(max_examples=400, deadline=None)
def test_any_text_is_a_link_or_a_refusal(text: str) -> None:
    for whole in (text, f"https://{text}", f"https://host.example/{text}"):
        try:
            link = read_link(whole)
        except UsageError:
            continue
        assert urllib.parse.urlsplit(link.address.reveal()).hostname
