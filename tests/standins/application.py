"""A stand-in for the application that uses the cache: the guide's two endpoints."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Application(ThreadingHTTPServer):
    """An application on this machine, which says that its cache is healthy on this backend."""

    def __init__(self, backend: str = "redis") -> None:
        self.backend = backend
        super().__init__(("127.0.0.1", 0), Endpoints)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class Endpoints(BaseHTTPRequestHandler):
    """The guide's bodies."""

    server: Application

    def do_GET(self) -> None:
        backend = self.server.backend
        bodies = {
            "/cache/health": {
                "healthy": True,
                "backend": backend,
                "message": f"Cache is healthy using {backend} backend",
            },
            "/cache/status": {
                "type": backend,
                "available": True,
                "redisInfo": {"connected": backend == "redis", "keys": 0},
            },
        }
        body = json.dumps(bodies[self.path]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""
