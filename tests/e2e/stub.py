# SPDX-License-Identifier: Apache-2.0
"""A server that records what it is sent and answers as a test tells it: what pushing profiles is
judged by, since none of the real servers can be had where the tests run."""

import shutil
import socket
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tap import Skip, at_end

GOOD = (200, {"Content-Type": "application/json"}, b"{}")


class Request:
    def __init__(self, path, headers, body):
        self.path, self.headers, self.body = path, headers, body
        self.time = time.monotonic()


class Stub:
    """http://127.0.0.1:@port. @answers are given one after another, the last one for ever; each is
    (status, headers, body), or "hang", "garbage" (not HTTP), "close", "endless"."""

    def __init__(self, *answers, tls=None):
        self.answers, self.requests = list(answers) or [GOOD], []
        self.released = threading.Event()
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                stub.requests.append(Request(self.path, dict(self.headers), body))
                answer = stub.answers[0] if len(stub.answers) == 1 else stub.answers.pop(0)
                stub.give(self, answer)

            do_GET = do_POST

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        at_end(self.end)

    def give(self, handler, answer):
        if answer == "hang":
            self.released.wait(60)
            handler.close_connection = True
        elif answer == "close":
            handler.close_connection = True
        elif answer == "garbage":
            handler.wfile.write(b"\x00\x01 no such thing as HTTP\r\n\r\n" * 10)
            handler.close_connection = True
        elif answer == "endless":
            handler.send_response(200)
            handler.end_headers()
            try:
                while not self.released.is_set():
                    handler.wfile.write(b"x" * 65536)
            except OSError:
                pass
            handler.close_connection = True
        else:
            status, headers, body = answer
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

    def url(self, protocol, scheme="http", path=""):
        return f"{protocol}+{scheme}://127.0.0.1:{self.port}{path}"

    def end(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


def certificate(directory):
    """(certificate, key) for 127.0.0.1, signed by itself."""
    if not shutil.which("openssl"):
        raise Skip("openssl is not installed")
    files = directory / "cert.pem", directory / "key.pem"
    argv = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
            "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-out", files[0], "-keyout",
            files[1]]
    subprocess.run([str(a) for a in argv], check=True, capture_output=True)
    return files


def closed_port():
    """One that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
