"""What the server answers, and what it says on stderr, if it cannot serve a request."""

from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from study.design import StudyError
from study.server_log import warn
from study.store import Store, reason


def failure_handlers(store: Store) -> dict[type[Exception], Callable[..., Response]]:
    """Return the handler of each error that is no bug of the program.

    Args:
        store: the votes; its name is part of the lines on stderr.
    """

    def unavailable(_, error: Exception) -> Response:
        warn(f"{store.name}: {reason(error)}; answers are refused until this is solved")
        return _busy()

    return {
        HTTPException: _refusal,
        ClientDisconnect: _left,
        SQLAlchemyError: unavailable,
        StudyError: _damaged,
        TimeoutError: _crowded,
        OSError: _unreadable,
    }


def _refusal(_, error: HTTPException) -> Response:
    return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)


def _left(*_) -> Response:
    """Answer a client that has left; nobody receives the answer."""
    return Response(status_code=400)


def _crowded(*_) -> Response:
    """Answer while many participants join at the same time; their browsers try again."""
    return _busy()


def _damaged(_, error: StudyError) -> Response:
    warn(str(error))
    return _busy()


def _unreadable(_, error: OSError) -> Response:
    warn(f"{error.filename or 'a file of the study'}: {error.strerror or error}")
    return _busy()


def _busy() -> Response:
    return JSONResponse(
        {"error": "The server is busy: try again."}, 503, headers={"Retry-After": "1"}
    )
