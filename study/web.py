"""What every answer carries and every request must keep to."""

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request

LIMIT = 2048  # bytes of a request's body; an answer takes 30
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; style-src 'self'; "
    "script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Hardened:
    """Adds `HEADERS` to every answer that does not have its own."""

    def __init__(self, app):
        self._app = app

    async def __call__(self, scope, receive, send):
        async def send_with_headers(message):
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


async def read_body(request: Request) -> bytes:
    """A request's body.

    Raises:
        HTTPException: 413, as soon as it is longer than `LIMIT`, whatever it says of its length.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LIMIT:
            raise HTTPException(413, f"more than {LIMIT} bytes", headers={"Connection": "close"})
    return body


def same_site(request: Request) -> bool:
    """Whether a request comes from our own pages, or from no page at all."""
    return request.headers.get("sec-fetch-site", "none") in ("same-origin", "none")
