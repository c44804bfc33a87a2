"""A double of the WildDash site: a Django login form with a token, and files by name."""

from __future__ import annotations

import secrets

from tests.servers.members import Handler, Members, MemberServer
from wizard.recipes.model import Site

_FORM = """<html><head><title>Sign in</title></head><body><p>{note}</p>
<form method="post" action="/accounts/login">
<input type="hidden" name="csrfmiddlewaretoken" value="{token}">
<input name="username"><input type="password" name="password"></form></body></html>"""


class _WildDash(Handler):
    def do_GET(self) -> None:  # noqa: N802
        name = self.route.removeprefix("/download/")
        if self.route == "/accounts/login":
            self._show_form()
        elif name in self.members.files:
            if self.guarded("/accounts/login?next=/download"):
                self.send_file(name)
        else:
            self.say(404, "<html><title>Not Found</title></html>")

    def do_POST(self) -> None:  # noqa: N802
        form = self.form()
        token = form.get("csrfmiddlewaretoken", "")
        if not token or token != self.cookies().get("csrftoken") or "Referer" not in self.headers:
            self.say(403, "<html><title>Forbidden</title>CSRF verification failed.</html>")
        elif self.accepts(form):
            cookie = f"session={self.members.cookie()}; Path=/; HttpOnly"
            self.say(302, Location="/accounts/profile/", Set_Cookie=cookie)
        else:
            self._show_form("Please enter a correct username and password.")

    def _show_form(self, note: str = "") -> None:
        token = secrets.token_hex(16)
        page = _FORM.format(token=token, note=note)
        self.say(200, page, Set_Cookie=f"csrftoken={token}; Path=/; SameSite=Lax")


def wilddash(files: dict[str, bytes]) -> MemberServer:
    """Return the site."""
    return MemberServer(_WildDash, Members(files=files))


def wilddash_site(url: str) -> Site:
    """Return the recipe's site table, based at the double."""
    return Site(
        id="wilddash",
        title="WildDash",
        protocol="csrf-form",
        login_url=f"{url}/accounts/login",
        register_url=f"{url}/accounts/login?next=/download",
        file_url=f"{url}/download/{{name}}",
        user_env="WILDDASH_USERNAME",
        password_env="WILDDASH_PASSWORD",
    )
