# SPDX-License-Identifier: Apache-2.0
"""A web server to be reached through proxies.

    /count      how many bytes the request had, and their SHA-256
    /bytes/N    N bytes, in chunks
    /echo       the request's body as it comes
    /page       a page with links
    else        what was asked
"""
import hashlib
import socketserver
import ssl

PAGE = b'<html><a href="/there?x=1&amp;y">there</a> <img src=\'/pic.png\'> <a href="http://elsewhere/x">x</a></html>\n'


class Request:
    def __init__(self, rfile):
        self.rfile = rfile
        self.method, self.target, _ = rfile.readline().decode().split()
        self.headers = {}
        while (line := rfile.readline().decode().strip()):
            name, _, value = line.partition(":")
            name = name.lower()
            self.headers[name] = ", ".join(filter(None, [self.headers.get(name), value.strip()]))

    def pieces(self):
        """The body as it comes."""
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("content-length", "0"))
        while left and (piece := self.rfile.read1(min(left, 65536))):
            left -= len(piece)
            yield piece


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.handle_request(Request(self.rfile))

    def handle_request(self, request):
        path = request.target.split("?")[0]
        if path == "/count":
            n, sha = 0, hashlib.sha256()
            for piece in request.pieces():
                n += len(piece)
                sha.update(piece)
            self.answer(f"{n} {sha.hexdigest()}".encode())
        elif path.startswith("/bytes/"):
            self.answer_in_pieces(self.bytes(int(path[7:])))
        elif path == "/echo":
            self.answer_in_pieces(request.pieces())
        elif path == "/page":
            self.answer(PAGE, "text/html; charset=utf-8")
        else:
            self.say(request)

    @staticmethod
    def bytes(n):
        block = bytes(range(256)) * 256
        while n:
            yield block[:n]
            n -= min(n, len(block))

    def say(self, request):
        asks = ""
        if isinstance(self.connection, ssl.SSLSocket):
            subject = self.connection.getpeercert()["subject"]
            asks = " " + next(v for rdn in subject for k, v in rdn if k == "commonName")
        body = b"".join(request.pieces()).decode()
        self.answer(f"{request.method} {request.target} {body}{asks}".strip().encode())

    def answer(self, text, kind="text/plain"):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" %
                         (kind.encode(), len(text), text))

    def answer_in_pieces(self, pieces):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nConnection: close\r\n"
                         b"Transfer-Encoding: chunked\r\n\r\n")
        for piece in pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")
