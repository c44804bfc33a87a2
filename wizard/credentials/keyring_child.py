"""The program that talks to the OS keyring, in a process of its own that may hang or die.

Reads one JSON request from standard input, ``{"calls": [[verb, service, name, value], ...]}``,
and writes one JSON reply, ``{"backend": ..., "answers": [...]}`` or ``{"error": ...}``. Secrets
pass through these two pipes and nowhere else. Started by path, so it imports nothing of ours.
"""

from __future__ import annotations

import json
import sys


def answer(calls: list[list[str]]) -> dict[str, object]:
    """Carry out the calls in order; a failure of any kind ends them and is named in the reply."""
    try:
        import keyring

        backend = keyring.get_keyring()
        if "Plaintext" in backend.name:
            return {"error": "Plaintext"}
        return {"backend": backend.name, "answers": [_call(*call) for call in calls]}
    # Backends raise far outside keyring's own tree: D-Bus, GLib, import and OS errors.
    except BaseException as error:  # noqa: BLE001
        return {"error": type(error).__name__, "detail": _harmless(error, calls)}


def _call(verb: str, service: str, name: str, value: str) -> str | None:
    import keyring
    import keyring.errors

    if verb == "put":
        keyring.set_password(service, name, value)
        return None
    if verb == "get":
        return keyring.get_password(service, name)
    try:
        keyring.delete_password(service, name)
    except keyring.errors.PasswordDeleteError:
        return None if keyring.get_password(service, name) is None else "still there"
    return None


def _harmless(error: BaseException, calls: list[list[str]]) -> str:
    """Return the error's first line unless it repeats a secret."""
    text = (str(error).splitlines() or [""])[0][:200]
    repeats = any(call[3] and call[3] in text for call in calls)
    return "" if repeats else text


if __name__ == "__main__":
    request = json.loads(sys.stdin.buffer.read())
    json.dump(answer(request["calls"]), sys.stdout)
