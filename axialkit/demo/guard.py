"""What stands before the page: limits on requests, and inputs of the wrong form refused."""

import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from axialkit.demo.gradio_quietly import gr

MAX_FILE_SIZE = "20mb"
MAX_FILE_BYTES = 20_000_000
MAX_MESSAGE_BYTES = 1_000_000  # of a request that brings no file
_FORM_OVERHEAD = 100_000  # of a file's request beside the file

WRONG_FORM = (
    "The request does not have the form that this endpoint takes. "
    "The page's link “Use via API” shows it."
)
BUSY = "Many are asking at the moment. Please try again in a few seconds."
_BUSY_STATUS = 503  # Gradio's, when its queue is full
_TOO_LONG = "This request is too long: the limit is {} bytes."
NO_ADDRESS = "This page fetches nothing from elsewhere. Upload the picture itself."

_log = logging.getLogger("axialkit.demo")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class _TooLong(Exception):
    pass


class Guard:
    """An ASGI middleware: long requests are refused before they are read, and no error shows.

    What Gradio itself cannot make sense of (an endpoint that does not exist, say) would be a
    server's error with a traceback in the log; here it is a client's, and one line.
    """

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass on what is short enough."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_upload = scope["path"].rstrip("/").endswith("/upload")
        limit = MAX_FILE_BYTES + _FORM_OVERHEAD if is_upload else MAX_MESSAGE_BYTES
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or int(length) > limit:
            await _answer(send, 413, _TOO_LONG.format(limit))
            return
        traffic = _Traffic(receive, send, limit)
        try:
            await self.app(scope, traffic.receive, traffic.send)
        except Exception as error:
            too_long = _is_too_long(error)
            if not too_long:
                _log.error("%s in %s", type(error).__name__, scope["path"][:80])
            if not traffic.answering:
                text = _TOO_LONG.format(limit) if too_long else WRONG_FORM
                await _answer(send, 413 if too_long else 400, text)


class _Traffic:
    """One request, counted as it comes, and whether it is being answered."""

    def __init__(self, receive: Receive, send: Send, limit: int) -> None:
        self._receive, self._send, self._left = receive, send, limit
        self.answering = self._is_busy = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise _TooLong
        return message

    async def send(self, message: Message) -> None:
        self.answering = True
        if message["type"] == "http.response.start" and message["status"] == _BUSY_STATUS:
            self._is_busy = True  # in plain words, not in Gradio's
            await _answer(self._send, _BUSY_STATUS, BUSY)
        elif not self._is_busy:
            await self._send(message)


def _is_too_long(error: BaseException | None) -> bool:
    """Return whether an error is ours, or has come of it."""
    while error is not None:
        if isinstance(error, _TooLong):
            return True
        error = error.__cause__ or error.__context__
    return False


async def _answer(send: Send, status: int, text: str) -> None:
    body = json.dumps({"detail": text}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Page(gr.Blocks):
    """A page that answers requests of the wrong form with a sentence, and fetches no address."""

    async def preprocess_data(self, block_fn: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Turn what was sent into what the event's function takes; what is missing is default."""
        if _names_an_address(inputs):
            raise gr.Error(NO_ADDRESS, print_exception=False)
        if isinstance(inputs, list):
            inputs = inputs + [part.value for part in block_fn.inputs[len(inputs) :]]
        try:
            return await super().preprocess_data(block_fn, inputs, *args, **kwargs)
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
