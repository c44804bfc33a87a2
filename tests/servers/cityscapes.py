"""A double of the Cityscapes site, faithful enough for the published client ``csDownload``.

with cityscapes({"gtFine_trainvaltest.zip": data}) as server:
    site = cityscapes_site(server.url)
"""

from __future__ import annotations

import hashlib
import json

from tests.servers.members import Handler, Members, MemberServer
from wizard.recipes.model import Site

_FORM = """<html><head><title>Login - Cityscapes Dataset</title></head><body>
<form action="" method="post"><input name="username" type="text">
<input name="password" type="password"><input type="submit" name="submit" value="Login"></form>
{note}</body></html>"""


class _Cityscapes(Handler):
    def do_GET(self) -> None:  # noqa: N802
        packages = {str(number): name for number, name in enumerate(self.members.files, start=1)}
        match self.route:
            case "/login":
                self.say(200, _FORM.format(note=""), Set_Cookie="visit=1; Path=/")
            case "/downloads" if "list" in self.query:
                if self.guarded("/login/"):
                    self.say(200, self._list(packages), kind="application/json")
            case "/md5-sum" if self.query.get("packageID") in packages:
                if self.guarded("/login/"):
                    name = packages[self.query["packageID"]]
                    digest = hashlib.md5(self.members.files[name]).hexdigest()
                    self.say(200, f"{digest}  {name}\n", kind="text/plain")
            case "/file-handling" if self.query.get("packageID") in packages:
                if self.guarded("/login/"):
                    self.send_file(packages[self.query["packageID"]])
            case _:
                self.say(404, "<html><title>Page not found</title></html>")

    def do_POST(self) -> None:  # noqa: N802
        form = self.form()
        if self.route == "/login" and form.get("submit") == "Login" and self.accepts(form):
            cookie = f"session={self.members.cookie()}; Path=/; HttpOnly"
            self.say(302, Location="/downloads/", Set_Cookie=cookie)
        else:
            self.say(200, _FORM.format(note="Invalid username or password."))

    def _list(self, packages: dict[str, str]) -> str:
        return json.dumps(
            [
                {
                    "name": name,
                    "packageID": number,
                    "size": f"{len(self.members.files[name]) / 1024:.1f}KB",
                    "thirdparty": "0",
                }
                for number, name in packages.items()
            ]
        )


def cityscapes(files: dict[str, bytes]) -> MemberServer:
    """Return the site; packages are numbered from 1 in the order of ``files``."""
    return MemberServer(_Cityscapes, Members(files=files))


def cityscapes_site(url: str) -> Site:
    """Return the recipe's site table, based at the double."""
    return Site(
        id="cityscapes",
        title="Cityscapes",
        protocol="cityscapes",
        login_url=f"{url}/login/",
        register_url=f"{url}/register/",
        file_url=f"{url}/file-handling/?packageID={{package}}",
        md5_url=f"{url}/md5-sum/?packageID={{package}}",
        list_url=f"{url}/downloads/?list",
        user_env="CITYSCAPES_USERNAME",
        password_env="CITYSCAPES_PASSWORD",
    )
