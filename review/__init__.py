"""The review page: people look at what the reader is unsure of.

    app = create_app(Office(workspace, store))

`sifting` finds what needs a person, `keying`, `grid` and `pages` are what people do about it, `sheets` is one
side of paper, `dashboard` shows what waits. `campaigning` holds the office's own pages, from the roster to
the reports; long work behind them runs in `jobs`. `accounts` and `access` say who may see what.
"""

from review.app import create_app
from review.office import Office

__all__ = ["Office", "create_app"]
