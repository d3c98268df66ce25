"""The life of tokens."""

from __future__ import annotations

from explorer.tui.features.controller import Controller


class TokensController(Controller):
    """Tokens of every vendor and environment."""

    def action_tokens(self) -> None:
        """The life line of tokens; an exchange that is chosen there is opened."""
        from explorer.tui.screens.tokens import TokensScreen

        def chosen(number: int | None) -> None:
            if number:
                self.main.history.show_entry(number)

        self.app.push_screen(TokensScreen(self.session), chosen)
