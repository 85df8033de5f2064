"""The web application of a study: a page for participants, a page of results, and their requests.

No path from a visitor reaches the file system. The application looks up the name of a photo among
the photos of the study, and the name of a page's file in `ASSETS`.
"""

import functools
import hashlib
import json
import re
import string
import urllib.parse
from collections.abc import Callable
from html import escape
from importlib import resources
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from common.plain_file import read_plain
from common.plural import plural
from study import tokens, visit
from study.design import PHOTOS, Question, Study
from study.failures import failure_handlers
from study.hardening import Hardened, read_body, same_site
from study.journal import SIDES
from study.plan import minutes, plan
from study.store import Store
from study.votes import as_csv, read_votes

SCRIPT = "text/javascript"
ASSETS = {"page.css": "text/css", "page.js": SCRIPT, "zoom.js": SCRIPT, "key.js": SCRIPT}
YEAR = 365 * 24 * 3600
FOREVER = f"private, max-age={YEAR}, immutable"


class Pages:
    """The handlers of all requests; `make_app` gives each handler its route."""

    def __init__(self, folder: Path, study: Study, store: Store, secret: bytes, shared: bool):
        self._folder, self._study, self._store, self._secret = folder, study, store, secret
        self._shared = shared
        self._pictures = {p.id: p for p in study.pictures}
        self._shown = {(p.phone, p.scene, p.kind): p for p in study.pictures}
        self._total = len(plan(study, 0))
        self._cookie, self._key_cookie = f"visit_{study.id[:12]}", f"results_{study.id[:12]}"
        self._assets = {name: _file(name).encode() for name in ASSETS}
        self._versions = {
            name: hashlib.sha256(content).hexdigest()[:12] for name, content in self._assets.items()
        }

    def page(self, request: Request) -> Response:
        """Send the page of participants, with a token for a new visitor."""
        response = self._html("page.html", shared="true" if self._shared else "false")
        if self._visitor(request) is None:
            self._give_token(request, response)
        return response

    def state(self, request: Request) -> Response:
        """Send the state of the visit."""
        visitor = self._known(request)
        found = self._store.visit(visitor)
        if found is None:
            return JSONResponse({"joined": False, "visit": visitor[:16]})
        return self._answer(visitor, visit.state_of(self._study, found))

    async def join(self, request: Request) -> Response:
        """Begin the visit, or continue it."""
        visitor, _ = await self._posted(request)
        found = await run_in_threadpool(self._store.join, visitor)
        return self._answer(visitor, visit.state_of(self._study, found))

    async def vote(self, request: Request) -> Response:
        """Store an answer."""
        visitor, said = await self._posted(request)
        if said.get("side") not in SIDES:
            raise HTTPException(400, "side must be left or right")
        return await self._step(visit.vote, visitor, said, said["side"])

    async def undo(self, request: Request) -> Response:
        """Take back the last answer."""
        visitor, said = await self._posted(request)
        return await self._step(visit.undo, visitor, said)

    async def leave(self, request: Request) -> Response:
        """Begin the visit of the next participant on a shared device."""
        await self._posted(request)
        if not self._shared:
            raise HTTPException(404)
        response = JSONResponse({"left": True})
        self._give_token(request, response)
        return response

    def photo(self, request: Request) -> Response:
        """Send a photo by its random name; the browser may keep the photo."""
        picture = self._pictures.get(request.path_params["name"].removesuffix(".jpg"))
        if picture is None:
            raise HTTPException(404)
        headers = {"Cache-Control": FOREVER, "ETag": f'"{picture.id}"'}
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        try:
            content = read_plain(self._folder / PHOTOS / f"{picture.id}.jpg")
        except FileNotFoundError:
            raise HTTPException(404) from None
        return Response(content, media_type="image/jpeg", headers=headers)

    def asset(self, request: Request) -> Response:
        """Send a style sheet or script of a page."""
        name = request.path_params["name"]
        if name not in ASSETS:
            raise HTTPException(404)
        return Response(
            self._assets[name], media_type=ASSETS[name], headers={"Cache-Control": FOREVER}
        )

    def results(self, request: Request) -> Response:
        """Send the current results to a browser with the key; otherwise send the key form."""
        if not self._may_read(request):
            return self._html("key.html", status=401)
        # Imported here: matplotlib and SciPy would delay the start of the server.
        from study.results_page import live_page

        text, policy = live_page(self._study, read_votes(self._study, self._store))
        return Response(text, media_type="text/html", headers={"Content-Security-Policy": policy})

    async def unlock(self, request: Request) -> Response:
        """Check the key of the results page, and open the page."""
        if not same_site(request):
            raise HTTPException(403, "the request comes from another site")
        said = urllib.parse.parse_qs((await read_body(request)).decode("utf-8", "replace"))
        if not tokens.same_secret(said.get("key", [""])[0], tokens.results_key(self._secret)):
            return self._html("key.html", status=403)
        response = RedirectResponse("results", status_code=303)
        self._set_cookie(request, response, self._key_cookie, self._key_proof(), strict=True)
        return response

    def votes(self, request: Request) -> Response:
        """Send all votes as CSV to a browser with the key."""
        if not self._may_read(request):
            raise HTTPException(403, "open the results page with its key first")
        return Response(
            as_csv(read_votes(self._study, self._store)),
            media_type="text/csv",
            headers={"Content-Disposition": 'attachment; filename="votes.csv"'},
        )

    async def _posted(self, request: Request) -> tuple[str, dict]:
        """Return the visitor and the JSON object of a request that changes something."""
        if not same_site(request):
            raise HTTPException(403, "the request comes from another site")
        if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
            raise HTTPException(415, "send application/json")
        visitor = self._known(request)
        try:
            said = json.loads(await read_body(request))
        except (ValueError, RecursionError):
            raise HTTPException(400, "the body is not JSON") from None
        if not isinstance(said, dict):
            raise HTTPException(400, "the body is not a JSON object")
        return visitor, said

    async def _step(
        self,
        take: Callable[..., tuple[visit.VisitState, bool]],
        visitor: str,
        said: dict,
        *more: str,
    ) -> Response:
        """Take a step of the visit: `take` is `visit.vote` or `visit.undo`."""
        step = said.get("step")
        if type(step) is not int or not 0 <= step < 1_000_000:
            raise HTTPException(400, "step must be a number")
        try:
            state, agreed = await run_in_threadpool(
                take, self._study, self._store, visitor, step, *more
            )
        except LookupError:
            raise HTTPException(409, "the visitor has not joined") from None
        return self._answer(visitor, state, status=200 if agreed else 409)

    def _answer(self, visitor: str, state: visit.VisitState, status: int = 200) -> JSONResponse:
        coming = [
            [self._side(asked.question, kind) for kind in (asked.left, asked.right)]
            for asked in state.coming
        ]
        facts = {
            "joined": True,
            "visit": visitor[:16],
            "step": state.step,
            "done": state.done,
            "total": state.total,
            "coming": coming,
        }
        return JSONResponse(facts, status)

    def _side(self, question: Question, kind: str) -> dict:
        picture = self._shown[question.phone, question.scene, kind]
        return {"src": f"photo/{picture.id}.jpg", "width": picture.width, "height": picture.height}

    def _html(self, name: str, status: int = 200, **more: str) -> Response:
        links = {
            re.sub(r"\W", "_", asset): f"static/{asset}?v={version}"
            for asset, version in self._versions.items()
        }
        text = string.Template(_file(name)).substitute(
            links,
            title=escape(self._study.title),
            prompt=escape(self._study.prompt),
            pairs=plural(self._total, "pair"),
            minutes=plural(minutes(self._total), "minute"),
            **more,
        )
        return Response(text, status, media_type="text/html")

    def _visitor(self, request: Request) -> str | None:
        return tokens.visitor_name(self._secret, request.cookies.get(self._cookie))

    def _known(self, request: Request) -> str:
        visitor = self._visitor(request)
        if visitor is None:
            raise HTTPException(401, "No visit: allow cookies for this page.")
        return visitor

    def _give_token(self, request: Request, response: Response) -> None:
        self._set_cookie(request, response, self._cookie, tokens.new_token(self._secret), age=YEAR)

    def _set_cookie(
        self,
        request: Request,
        response: Response,
        name: str,
        value: str,
        age: int | None = None,
        strict: bool = False,
    ) -> None:
        response.set_cookie(
            name,
            value,
            max_age=age,
            httponly=True,
            samesite="strict" if strict else "lax",
            secure=request.url.scheme == "https",
        )

    def _key_proof(self) -> str:
        return tokens.results_proof(self._secret)

    def _may_read(self, request: Request) -> bool:
        return tokens.same_secret(request.cookies.get(self._key_cookie), self._key_proof())


def make_app(
    folder: Path, study: Study, store: Store, secret: bytes, shared_device: bool = False
) -> Starlette:
    """Return the application.

    Args:
        folder: folder of the study.
        study: the study.
        store: votes of the study.
        secret: key of the signatures of tokens.
        shared_device: whether the next participant may begin at the end of a visit.
    """
    pages = Pages(folder, study, store, secret, shared_device)
    routes = [
        Route("/", pages.page),
        Route("/api/state", pages.state),
        Route("/api/join", pages.join, methods=["POST"]),
        Route("/api/vote", pages.vote, methods=["POST"]),
        Route("/api/undo", pages.undo, methods=["POST"]),
        Route("/api/leave", pages.leave, methods=["POST"]),
        Route("/photo/{name}", pages.photo),
        Route("/static/{name}", pages.asset),
        Route("/results", pages.results),
        Route("/results", pages.unlock, methods=["POST"]),
        Route("/results/votes.csv", pages.votes),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(Hardened)],
        exception_handlers=failure_handlers(store),
    )


@functools.cache
def _file(name: str) -> str:
    return resources.files("study").joinpath(name).read_text(encoding="utf-8")
