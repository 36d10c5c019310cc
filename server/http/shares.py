"""``GET /s/{token}``: a shared conversation for anybody who has the link.

The page has no script. While an answer is being written it asks the browser to come again soon, by ``Refresh``: each
look is a whole and right page of its own. A page that grows while it is sent could take nothing back, where a later
line makes something else of an earlier one; and it would hold a connection per reader, which proxies keep back and a
new version of the server cuts.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from server.carrying.shares import Shares, gone
from server.errors import NotFound
from server.pages.styles import POLICY
from server.pages.words import preferred

REFRESH_SECONDS = 2
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": f"{POLICY}; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "vary": "accept-language",
    "x-robots-tag": "noindex, nofollow",
}


def share_routes(shares: Shares) -> list[BaseRoute]:
    async def show(request: Request) -> Response:
        language = preferred(request.headers.get("accept-language", ""))
        still = "still" in request.query_params
        try:
            page = await shares.page(request.path_params["token"], language, still=still)
        except NotFound:
            return HTMLResponse(gone(language), 404, HEADERS)
        refresh = {"refresh": str(REFRESH_SECONDS)} if page.live and not still else {}
        return HTMLResponse(page.html, headers={**HEADERS, **refresh})

    return [Route("/s/{token:path}", show, methods=["GET"])]
