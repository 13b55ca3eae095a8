"""What stands before the page: limits on requests, and inputs of the wrong form refused."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from axialkit.demo.library import gr

MAX_FILE_SIZE = "20mb"
MAX_FILE_BYTES = 20_000_000
MAX_MESSAGE_BYTES = 1_000_000  # of a request that brings no file
_FORM_OVERHEAD = 100_000  # of a file's request beside the file

WRONG_FORM = (
    "The request does not have the form that this endpoint takes. "
    "The page's link “Use via API” shows it."
)
NO_ADDRESS = "This page fetches nothing from elsewhere. Upload the picture itself."

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class _TooLong(Exception):
    pass


class BodyLimit:
    """An ASGI middleware: refuse long requests with 413, before they are read."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass on what is short enough."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        is_upload = scope["path"].rstrip("/").endswith("/upload")
        limit = MAX_FILE_BYTES + _FORM_OVERHEAD if is_upload else MAX_MESSAGE_BYTES
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or int(length) > limit:
            return await _refuse(send, limit)
        received, answering = 0, False

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise _TooLong
            return message

        async def watched(message: Message) -> None:
            nonlocal answering
            answering = True
            await send(message)

        try:
            return await self.app(scope, counted, watched)
        except _TooLong:
            if not answering:
                await _refuse(send, limit)
        return None


async def _refuse(send: Send, limit: int) -> None:
    text = f'{{"detail": "This request is too long: the limit is {limit} bytes."}}'.encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": text})


class Page(gr.Blocks):
    """A page that answers requests of the wrong form with a sentence, and fetches no address."""

    async def preprocess_data(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Turn what was sent into what the event's function takes."""
        for sent in args[1:2] or [kwargs.get("inputs")]:
            if _names_an_address(sent):
                raise gr.Error(NO_ADDRESS, print_exception=False)
        try:
            return await super().preprocess_data(*args, **kwargs)
        except gr.Error:
            raise
        except Exception:
            raise gr.Error(WRONG_FORM, print_exception=False) from None


def _names_an_address(sent: Any, depth: int = 0) -> bool:  # noqa: ANN401
    """Return whether a file in a request is to be fetched from somewhere, or is nested too deep."""
    if depth > 8:
        return True
    if isinstance(sent, list | tuple):
        return any(_names_an_address(part, depth + 1) for part in sent)
    if not isinstance(sent, dict):
        return False
    path = sent.get("path")
    if isinstance(path, str) and ("://" in path or path.startswith(("data:", "//", "\\\\"))):
        return True
    if path is None and sent.get("url") is not None:
        return True
    return any(_names_an_address(part, depth + 1) for part in sent.values())
