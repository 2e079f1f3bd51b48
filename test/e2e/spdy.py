# SPDX-License-Identifier: Apache-2.0
"""The server's side of SPDY/3.1 as kubelets speak it: streams over one connection, without flow control.

    for stream in Connection(read, write).accept(): ...
"""
import queue
import struct
import threading
import zlib

WORDS = b"""options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges
age allow authorization cache-control connection content-base content-encoding content-language content-length
content-location content-md5 content-range content-type date etag expect expires from host if-match
if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma
proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade
user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie
keep-alive origin"""
TAIL = (b"100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
        b"203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized"
        b"403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
        b"Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
        b"chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,"
        b"text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.")
# Every compressed block of headers begins where this text ends.
DICTIONARY = b"".join(struct.pack(">I", len(w)) + w.replace(b"_", b" ") for w in WORDS.split()) + TAIL

SYN_STREAM, SYN_REPLY, RST_STREAM, SETTINGS, PING, GOAWAY = 1, 2, 3, 4, 6, 7
FIN = 1


class Stream:
    def __init__(self, connection, number, headers):
        self.connection, self.number, self.headers = connection, number, headers
        self.arrived = queue.Queue()
        self.ended = False

    def read(self):
        """The next piece; empty at the end."""
        data = b"" if self.ended else self.arrived.get()
        self.ended = not data
        return data

    def write(self, data):
        if data:
            self.connection.send(struct.pack(">I", self.number), 0, data)

    def close(self):
        self.connection.send(struct.pack(">I", self.number), FIN, b"")


class Connection:
    def __init__(self, read, write):
        self.read, self.write = read, write
        self.lock = threading.Lock()
        self.streams = {}
        self.inflate = zlib.decompressobj(zdict=DICTIONARY)
        self.deflate = zlib.compressobj(zdict=DICTIONARY)

    def send(self, head, flags, data):
        with self.lock:
            self.write(head + struct.pack(">I", flags << 24 | len(data)) + data)

    def control(self, kind, flags, data):
        self.send(struct.pack(">HH", 0x8003, kind), flags, data)

    def headers(self, block):
        text = self.inflate.decompress(block)
        words, at = [], 4
        while at < len(text):
            n = struct.unpack_from(">I", text, at)[0]
            words.append(text[at + 4:at + 4 + n].decode())
            at += 4 + n
        assert len(words) == 2 * struct.unpack_from(">I", text)[0]
        return dict(zip(words[::2], words[1::2]))

    def reply(self, number):
        with self.lock:  # blocks go out in the order of their compression
            block = self.deflate.compress(struct.pack(">I", 0)) + self.deflate.flush(zlib.Z_SYNC_FLUSH)
            data = struct.pack(">I", number) + block
            self.write(struct.pack(">HHI", 0x8003, SYN_REPLY, len(data)) + data)

    def frame(self):
        """First word, flags, data; None at the end."""
        head = self.read(8)
        if len(head) < 8:
            return None
        word, rest = struct.unpack(">II", head)
        return word, rest >> 24, self.read(rest & 0xffffff)

    def accept(self):
        """New streams, until the peer ends."""
        while frame := self.frame():
            word, flags, data = frame
            number = struct.unpack_from(">I", data)[0] if word >> 31 and len(data) >= 4 else word
            if not word >> 31:
                if number in self.streams:
                    if data:
                        self.streams[number].arrived.put(data)
                    if flags & FIN:
                        self.streams[number].arrived.put(b"")
            elif word & 0xffff == SYN_STREAM:
                stream = self.streams[number] = Stream(self, number, self.headers(data[10:]))
                if flags & FIN:
                    stream.arrived.put(b"")
                self.reply(number)
                yield stream
            elif word & 0xffff == PING and number & 1:
                self.control(PING, 0, data)
            elif word & 0xffff == RST_STREAM and number in self.streams:
                self.streams[number].arrived.put(b"")
        for stream in self.streams.values():
            stream.arrived.put(b"")
