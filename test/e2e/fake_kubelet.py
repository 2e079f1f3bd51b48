#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A kubelet's streaming side, played: exec and attach over WebSocket (v5.channel.k8s.io) and SPDY,
port-forward over SPDY and SPDY in WebSocket, all carried out on this machine. A command finds in
$PROTOCOL how it was asked for. /metrics says who asks; anything else is answered by web.py.

    fake_kubelet.py IP PORT [CERT KEY CLIENT-CA]     prints "listening" and serves until it is killed
"""
import base64
import contextlib
import hashlib
import json
import os
import socket
import socketserver
import ssl
import struct
import subprocess
import sys
import threading
from urllib.parse import parse_qs, urlsplit

import spdy
import web

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Frames:
    """WebSocket."""

    def __init__(self, read, write):
        self.read, self.write = read, write
        self.lock = threading.Lock()

    def send(self, opcode, data):
        n = len(data)
        head = bytes([0x80 | opcode]) + (
            bytes([n]) if n < 126 else b"\x7e" + struct.pack(">H", n) if n < 65536 else b"\x7f" + struct.pack(">Q", n))
        with self.lock:
            self.write(head + data)

    def receive(self):
        """Opcode and payload of one frame; (8, b"") at the end."""
        head = self.read(2)
        if len(head) < 2:
            return 8, b""
        n = head[1] & 127
        if n == 126:
            n = struct.unpack(">H", self.read(2))[0]
        elif n == 127:
            n = struct.unpack(">Q", self.read(8))[0]
        mask = (self.read(4) * (n // 4 + 1))[:n]
        masked = self.read(n)
        return head[0] & 15, (int.from_bytes(masked, "big") ^ int.from_bytes(mask, "big")).to_bytes(n, "big")


class ChannelSession:
    """One exec or attach over WebSocket: the first byte of a message says which stream it is of."""
    STDIN, STDOUT, STDERR, STATUS, CLOSE = 0, 1, 2, 3, 255

    def __init__(self, frames):
        self.frames = frames

    def stdin(self):
        """What comes; an empty piece at its end. Goes on to the end of the connection."""
        while True:
            opcode, data = self.frames.receive()
            if opcode == 8:
                return
            if opcode == 9:
                self.frames.send(10, data)
            elif data[:2] == bytes([self.CLOSE, self.STDIN]):
                yield b""
            elif data[:1] == bytes([self.STDIN]):
                yield data[1:]

    def out(self, data):
        self.frames.send(2, bytes([self.STDOUT]) + data)

    def err(self, data):
        self.frames.send(2, bytes([self.STDERR]) + data)

    def end(self, status):
        self.frames.send(2, bytes([self.STATUS]) + status)
        self.frames.send(8, b"\x03\xe8")


class SpdySession:
    """One exec or attach over SPDY: a stream each, named by its header."""

    def __init__(self, read, write, query):
        self.connection = spdy.Connection(read, write)
        tty = query.get("tty") == ["1"]
        wanted = {"error"} | {stream for stream, option, allowed in [
            ("stdin", "input", True), ("stdout", "output", True), ("stderr", "error", not tty), ("resize", "tty", True)
        ] if allowed and query.get(option) == ["1"]}
        self.streams = {}
        self.arriving = self.connection.accept()
        while set(self.streams) != wanted:
            stream = next(self.arriving)
            self.streams[stream.headers["streamtype"]] = stream
        self.reader = threading.Thread(target=lambda: list(self.arriving), daemon=True)
        self.reader.start()
        if "resize" in wanted:
            threading.Thread(target=self.resizes, daemon=True).start()

    def resizes(self):
        while data := self.streams["resize"].read():
            self.out(b"resize " + data)

    def stdin(self):
        while "stdin" in self.streams and (data := self.streams["stdin"].read()):
            yield data

    def out(self, data):
        if "stdout" in self.streams:
            self.streams["stdout"].write(data)

    def err(self, data):
        if "stderr" in self.streams:
            self.streams["stderr"].write(data)

    def end(self, status):
        for name in ("stdout", "stderr"):
            if name in self.streams:
                self.streams[name].close()
        self.streams["error"].write(status)
        self.streams["error"].close()
        self.reader.join(10)


def copy(source, write):
    while data := source.read1(65536):
        write(data)


def feed(child, session):
    for data in session.stdin():
        with contextlib.suppress(BrokenPipeError, ValueError):  # it does not listen (any more)
            if data:
                child.stdin.write(data)
                child.stdin.flush()
            else:
                child.stdin.close()
    with contextlib.suppress(BrokenPipeError):
        child.stdin.close()


def run(session, query, protocol):
    command = query.get("command", ["sh", "-c", "echo attached; cat"])
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env={**os.environ, "PROTOCOL": protocol})
    copies = [threading.Thread(target=copy, args=(child.stdout, session.out)),
              threading.Thread(target=copy, args=(child.stderr, session.err))]
    for t in copies:
        t.start()

    listener = threading.Thread(target=feed, args=(child, session), daemon=True)
    listener.start()
    code = child.wait()
    for t in copies:
        t.join()
    status = {"metadata": {}, "status": "Success"}
    if code:
        status = {"metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
                  "message": f"command terminated with non-zero exit code: exit status {code}",
                  "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]}}
    session.end(json.dumps(status).encode())
    listener.join(10)  # a connection closed with bytes unread may take the last words with it


def forward(data, error):
    """One connection of a port-forward, to that port of this machine."""
    port = int(data.headers["port"])
    try:
        with socket.create_connection((sys.argv[1], port)) as there:
            def send():
                with contextlib.suppress(OSError):  # it may have ended first
                    while piece := data.read():
                        there.sendall(piece)
                    there.shutdown(socket.SHUT_WR)

            threading.Thread(target=send, daemon=True).start()
            while piece := there.recv(65536):
                data.write(piece)
    except OSError as e:
        error.write(f"error forwarding port {port}: {e}".encode())
    data.close()
    error.close()


def forward_all(read, write):
    waiting = {}
    for stream in spdy.Connection(read, write).accept():
        pair = waiting.setdefault(stream.headers["requestid"], {})
        pair[stream.headers["streamtype"]] = stream
        if len(pair) == 2:
            threading.Thread(target=forward, args=(pair["data"], pair["error"]), daemon=True).start()


class Messages:
    """The bytes in the messages of a WebSocket, as a stream of their own."""

    def __init__(self, frames):
        self.frames, self.bytes = frames, b""

    def read(self, n):
        while len(self.bytes) < n:
            opcode, data = self.frames.receive()
            if opcode == 8:
                break
            self.bytes += data
        data, self.bytes = self.bytes[:n], self.bytes[n:]
        return data

    def write(self, data):
        self.frames.send(2, data)


class Handler(web.Handler):
    def handle_request(self, request):
        upgrade = request.headers.get("upgrade", "").lower()
        url = urlsplit(request.target)
        query = parse_qs(url.query)
        if upgrade == "spdy/3.1":
            offered = [v.strip() for v in request.headers["x-stream-protocol-version"].split(",")]
            known = {"v4.channel.k8s.io", "portforward.k8s.io"} & set(offered)
            self.switch("SPDY/3.1", f"X-Stream-Protocol-Version: {known.pop()}\r\n")
            if "/portForward/" in url.path:
                forward_all(self.rfile.read, self.wfile.write)
            else:
                run(SpdySession(self.rfile.read, self.wfile.write, query), query, "SPDY")
        elif upgrade == "websocket":
            tunnel = "/portForward/" in url.path
            protocol = "SPDY/3.1+portforward.k8s.io" if tunnel else "v5.channel.k8s.io"
            key = request.headers["sec-websocket-key"].encode()
            accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
            self.switch("websocket", f"Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: {protocol}\r\n")
            frames = Frames(self.rfile.read, self.wfile.write)
            if tunnel:
                messages = Messages(frames)
                forward_all(messages.read, messages.write)
            else:
                run(ChannelSession(frames), query, "WebSocket")
        else:
            super().handle_request(request)

    def switch(self, to, headers):
        self.wfile.write(f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: {to}\r\nConnection: Upgrade\r\n{headers}\r\n"
                         .encode())


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

    def get_request(self):
        connection, address = super().get_request()
        if tls:
            connection = tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address


tls = None
if len(sys.argv) > 3:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=sys.argv[5])
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_cert_chain(sys.argv[3], sys.argv[4])
with Server((sys.argv[1], int(sys.argv[2])), Handler) as server:
    print(f"listening {server.server_address[1]}", flush=True)
    server.serve_forever()
