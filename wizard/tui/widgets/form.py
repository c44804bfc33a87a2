"""The base of every form that answers a step's need."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Input, Static

from wizard.engine.remote.protocol import Reply
from wizard.tui.glyphs import glyphs
from wizard.views import Request

OPEN = frozenset({"user", "path"})
"""Fields that hold no secret; a mailed link or address does, in its signature or folder."""


class RequestForm(Vertical):
    """What is wanted and why, the fields, one button, and how the answer was taken."""

    DEFAULT_CSS = """
    RequestForm {
        height: auto;
        border-left: outer $border-blurred;
        padding: 0 0 0 1;
        margin-bottom: 1;
        &:focus-within { border-left: outer $text-warning; }
        & .head { color: $text-warning; text-style: bold; }
        & .page { color: $text-primary; }
        & .how { margin-top: 1; color: $text; }
        & .bring { margin-top: 1; color: $text-muted; }
        & .upload, & .rehearsal { color: $text-accent; }
        & .command { color: $text-muted; margin-top: 1; }
        & .verdict { display: none; }
        & Input { margin: 1 0 0 0; }
        & Button { margin: 1 0 0 0; }
    }
    """
    TITLE = "This needs you"
    BUTTON = ""
    READ_FIRST = False
    """Whether the text belongs above the answer, as with a licence, or helps to find it."""

    class Ready(Message):
        """All its fields are there."""

    class Answered(Message):
        """The person gave what was wanted."""

        def __init__(self, form: RequestForm, address: str, values: dict[str, str]) -> None:
            super().__init__()
            self.form = form
            self.address = address
            self.values = values

        def __rich_repr__(self) -> list[tuple[str, str]]:
            return [("address", self.address)]

    def __init__(self, address: str, request: Request) -> None:
        super().__init__()
        self.address = address
        self.request = request
        self._before: dict[str, str] = {}
        self._refused = False

    def on_mount(self) -> None:
        """Tell the pane."""
        self.post_message(self.Ready())

    def take_over(self, before: dict[str, str], *, refused: bool) -> None:
        """Begin with what was entered before; the question may say why that was refused."""
        self._before, self._refused = before, refused

    def open_values(self) -> dict[str, str]:
        """What is entered and no secret, by field."""
        return {str(each.id): each.value for each in self.query(Input) if each.id in OPEN}

    def before(self, field: str) -> str:
        """What was entered in a field the last time."""
        return self._before.get(field, "")

    def compose(self) -> ComposeResult:
        """From the question to the verdict."""
        head = f"{glyphs().states['waiting']} {self.TITLE}"
        yield Static(
            Content.assemble(head, ("  Enter goes there", "$text-muted not bold")), classes="head"
        )
        yield Static(self._ask())
        if self.request.page:
            yield Static(self.request.page, classes="page", markup=False)
        if self.request.rehearsal:
            yield Static("In this rehearsal, answer with:", classes="bring", markup=False)
            said = "\n".join(f"{name} {value}" for name, value in self.request.rehearsal.items())
            yield Static(said, classes="rehearsal", markup=False)
        how = Static(self.request.how, classes="how", markup=False)
        if self.request.how and self.READ_FIRST:
            yield how
        yield from self.fields()
        if self.BUTTON:
            yield Button(self.BUTTON, variant="primary", compact=True, id="answer")
        yield Static("", classes="verdict", markup=False)
        if self.request.how and not self.READ_FIRST:
            yield how
        if self.request.upload:
            said = "Or bring the file itself: ^y copies this line, the folder is watched."
            yield Static(said, classes="bring", markup=False)
            yield Static(self.request.upload, classes="upload", markup=False)
        if self.request.command:
            said = f"The same from a shell: {self.request.command}"
            yield Static(said, classes="command", markup=False)

    def _ask(self) -> Content:
        if not self._refused:
            return Content(self.request.ask)
        return Content.styled(f"{glyphs().states['failed']} {self.request.ask}", "$text-error")

    def fields(self) -> ComposeResult:
        """The inputs of this kind of need."""
        yield from ()

    def values(self) -> dict[str, str] | None:
        """What was entered; None, after a word through ``say``, when something is missing."""
        return {}

    def copyable(self) -> str:
        """What to copy from here: the page and the upload line, as far as there are any.

        In a rehearsal it is the last of the answers: a link, a password, a path.
        """
        if self.request.rehearsal:
            return list(self.request.rehearsal.values())[-1]
        return "\n".join(filter(None, (self.request.page, self.request.upload)))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer."""
        event.stop()
        self.answer()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in the last field answers."""
        event.stop()
        self.answer()

    def focus_first(self) -> None:
        """Put the cursor where the person has to act: the first field that is empty."""
        inputs = [*(each for each in self.query(Input) if not each.value), *self.query(Input)]
        first = next(iter(inputs), None) or next(iter(self.query(Button)), None)
        if first is not None:
            first.focus()

    def answer(self) -> None:
        """Send what was entered."""
        values = self.values()
        if values is None:
            return
        self.say("Sending…", "$text-muted")
        self.post_message(self.Answered(self, self.address, values))

    def told(self, reply: Reply) -> None:
        """Show how the answer was taken, and forget what was secret."""
        said = ". ".join(part.rstrip(".") for part in (reply.text, reply.hint) if part)
        if reply.ok:
            # Taken is not accepted: the site says so, and takes the form away.
            self.say(said or "Thank you", "$text-muted")
        else:
            sign = glyphs().states["failed"]
            self.say(f"{sign} {said or 'That did not work'}", "$text-error")
        for field in self.query(Input):
            if field.password or (reply.ok and field.id not in OPEN):
                field.clear()

    def say(self, text: str, tone: str) -> None:
        """One line below the fields."""
        verdict = self.query_one(".verdict", Static)
        verdict.update(Content.styled(text, tone))
        verdict.display = True

    def hush(self) -> None:
        """Take that line away."""
        self.query_one(".verdict", Static).display = False
