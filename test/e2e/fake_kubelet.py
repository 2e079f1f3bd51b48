#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A kubelet's streaming side, played: exec and attach over WebSocket (v5.channel.k8s.io), carried
out on this machine; /metrics says who asks; anything else is a web server that echoes.

    fake_kubelet.py IP PORT [CERT KEY CLIENT-CA]     prints "listening" and serves until it is killed
"""
import base64
import hashlib
import json
import socketserver
import ssl
import struct
import subprocess
import sys
import threading
from urllib.parse import parse_qs, urlsplit

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Socket:
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
        mask = self.read(4)
        return head[0] & 15, bytes(c ^ mask[i & 3] for i, c in enumerate(self.read(n)))


def copy(source, socket, channel):
    while data := source.read1(65536):
        socket.send(2, bytes([channel]) + data)


def run(socket, query):
    command = query.get("command", ["sh", "-c", "echo attached; cat"])
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    copies = [threading.Thread(target=copy, args=(child.stdout, socket, 1)),
              threading.Thread(target=copy, args=(child.stderr, socket, 2))]
    for t in copies:
        t.start()

    def listen():
        while True:
            opcode, data = socket.receive()
            if opcode == 8 or data[:2] == b"\xff\x00":  # the end, or that of stdin
                child.stdin.close()
                return
            if opcode == 9:
                socket.send(10, data)
            elif data[:1] == b"\x00":
                child.stdin.write(data[1:])
                child.stdin.flush()

    threading.Thread(target=listen, daemon=True).start()
    code = child.wait()
    for t in copies:
        t.join()
    status = {"metadata": {}, "status": "Success"}
    if code:
        status = {"metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
                  "message": f"command terminated with non-zero exit code: exit status {code}",
                  "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]}}
    socket.send(2, b"\x03" + json.dumps(status).encode())
    socket.send(8, b"\x03\xe8")


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        method, target, _ = self.rfile.readline().decode().split()
        headers = {}
        while (line := self.rfile.readline().decode().strip()):
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        if headers.get("upgrade", "").lower() == "websocket":
            self.upgrade(target, headers)
        else:
            self.answer(method, target, headers)

    def upgrade(self, target, headers):
        accept = base64.b64encode(hashlib.sha1(headers["sec-websocket-key"].encode() + GUID).digest()).decode()
        self.wfile.write(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          f"Sec-WebSocket-Accept: {accept}\r\n"
                          "Sec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n").encode())
        run(Socket(self.rfile.read, self.wfile.write), parse_qs(urlsplit(target).query))

    def answer(self, method, target, headers):
        body = self.rfile.read(int(headers.get("content-length", "0")))
        asks = ""
        if isinstance(self.connection, ssl.SSLSocket):
            subject = self.connection.getpeercert()["subject"]
            asks = " " + next(v for rdn in subject for k, v in rdn if k == "commonName")
        text = f"{method} {target} {body.decode()}{asks}".strip().encode()
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n"
                         b"Content-Length: %d\r\n\r\n" % len(text) + text)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

    def get_request(self):
        connection, address = super().get_request()
        if tls:
            connection = tls.wrap_socket(connection, server_side=True)
        return connection, address


tls = None
if len(sys.argv) > 3:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=sys.argv[5])
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_cert_chain(sys.argv[3], sys.argv[4])
with Server((sys.argv[1], int(sys.argv[2])), Handler) as server:
    print(f"listening {server.server_address[1]}", flush=True)
    server.serve_forever()
