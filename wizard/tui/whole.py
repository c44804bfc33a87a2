"""Screens that open with one frame, drawn when everything on them has its place.

The toolkit lays a new screen out as it comes to the front, again when it is told its size, again
once that size has given it its classes, and again because the sizes of its parts are news; and
draws it each time. That is most of what a key costs.
"""

from __future__ import annotations

from textual.events import ScreenResume
from textual.geometry import Size
from textual.screen import Screen, ScreenResultType
from textual.widget import Widget


class WholeScreen(Screen[ScreenResultType]):
    """A screen that is laid out and drawn once as it opens."""

    opened = False
    """Whether everything has its size."""
    _drawing = True

    def on_compose(self) -> None:
        """Take on the classes of the terminal's size before anything is styled by them."""
        size = self.app.size
        wide = self._get_breakpoint_classes(size.width, self.app.HORIZONTAL_BREAKPOINTS or [])
        tall = self._get_breakpoint_classes(size.height, self.app.VERTICAL_BREAKPOINTS or [])
        self.update_classes(dict.fromkeys(wide | tall, True), update=False)
        self.app.stylesheet.apply(self)

    def _on_screen_resume(self, event: ScreenResume) -> None:
        # Called before the toolkit's own: what was styled as it came is not styled again.
        event.refresh_styles = self.opened

    def _refresh_layout(self, size: Size | None = None, scroll: bool = False) -> None:
        if self.opened or not self.is_current:
            super()._refresh_layout(size, scroll)
        elif size is not None:
            # As it opens: what it holds is still on its way, and the next frame has it all.
            self._layout_required = True
            self.check_idle()
        else:
            self.opened = True
            self._open(self.app.size)

    def fit(self) -> bool:
        """Fit rows to the room they were given; called before the first frame is drawn.

        Returns whether any may have changed its size.
        """
        return False

    def _open(self, size: Size) -> None:
        """Lay everything out, beside the scroll bars that turn out to be needed, and draw it."""
        self._drawing = False
        super()._refresh_layout(size)
        bars = any(any(widget.scrollbars_enabled) for widget in self._compositor.widgets)
        if self.fit() or bars:
            self._take_requests()
            super()._refresh_layout(size)
        self._take_requests()
        self._repaint_required = False
        self._dirty_widgets.clear()
        self._drawing = True
        self._compositor_refresh()

    def _take_requests(self) -> None:
        """Have the next layout see what asked for one, and none come for that alone."""
        for widget in self.walk_children(Widget):
            if widget._layout_required:
                widget._layout_required = False
                for above in widget.ancestors:
                    if isinstance(above, Widget):
                        above._clear_arrangement_cache()
                        above._layout_updates += 1

    def _compositor_refresh(self) -> None:
        if self._drawing:
            super()._compositor_refresh()

    def _screen_resized(self, size: Size) -> None:
        if size != self._compositor.size:
            super()._screen_resized(size)
