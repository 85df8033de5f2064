"""Security rules of the web server: headers of responses, limits of requests."""

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request

LIMIT = 2048  # bytes; an answer takes 30 bytes of the body of a request
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
    """Middleware that adds `HEADERS` to a response, unless the response sets them itself."""

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
    """Read the body of a request.

    Raises:
        HTTPException: 413, as soon as the body exceeds `LIMIT`, whatever its header states.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LIMIT:
            raise HTTPException(
                413, f"the body has more than {LIMIT} bytes", headers={"Connection": "close"}
            )
    return body


def same_site(request: Request) -> bool:
    """Return whether a request comes from a page of this server, or from no page."""
    return request.headers.get("sec-fetch-site", "none") in ("same-origin", "none")
