"""The one kind of error that a clerk sees."""


class ClerkError(Exception):
    """An error whose message is written for the clerk: what is wrong, where, and what to do next.

    Every package derives its own; the command line and the review page show the message as it is and
    treat any other exception as a fault of ours.
    """
