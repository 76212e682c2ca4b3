"""The one exception that ends a command with exit status 2: something on our own side is wrong, nothing was checked."""


class UsageError(Exception):
    """`code` is a diagnosis code of our own side, or "usage". Texts never hold a key."""

    def __init__(self, code: str, detail: str, advice: str = "") -> None:
        super().__init__(detail)
        self.code, self.detail, self.advice = code, detail, advice
