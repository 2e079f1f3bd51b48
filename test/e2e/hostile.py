# SPDX-License-Identifier: Apache-2.0
"""What a hostile client sends, over real sockets: floods and bombs of HTTP/2, slow readers and
writers, handshakes that stop half-way, bodies that grow. After and during each the server must
answer others and must not have grown. Prints TAP.

    python3 hostile.py HOST PORT CERTIFICATE KEY CA PID-OF-THE-API-SERVER [NAME]
"""
import json
import socket
import ssl
import sys
import threading
import time

host, port, cert, key, ca, pid = sys.argv[1], int(sys.argv[2]), *sys.argv[3:6], int(sys.argv[6])
only = sys.argv[7] if len(sys.argv) > 7 else ""
GROWTH_MB = 288  # what an attack may leave or take at its height: 256 kB for each of 1,000 streams
STALL_S = 5  # how long anybody else may wait
CMS = "/api/v1/namespaces/default/configmaps"


def connect(alpn="h2"):
    context = ssl.create_default_context(cafile=ca)
    context.load_cert_chain(cert, key)
    context.set_alpn_protocols([alpn])
    plain = socket.create_connection((host, port), timeout=20)
    return context.wrap_socket(plain, server_hostname=host)


# ---- HTTP/1.1 ----

def read_answer(s):
    data = b""
    while b"\r\n\r\n" not in data:
        piece = s.recv(65536)
        if not piece:
            return 0, data
        data += piece
    head, body = data.split(b"\r\n\r\n", 1)
    code = int(head.split(b" ", 2)[1])
    length = None
    for line in head.split(b"\r\n")[1:]:
        name, value = line.split(b":", 1)
        if name.lower() == b"content-length":
            length = int(value)
    while length is not None and len(body) < length:
        piece = s.recv(65536)
        if not piece:
            break
        body += piece
    return code, body


def ask(method, path, body=b"", kind="application/json", headers=""):
    """Status code and body; 0 when the connection ended without an answer."""
    s = connect("http/1.1")
    s.settimeout(60)
    head = (f"{method} {path} HTTP/1.1\r\nHost: h\r\nContent-Type: {kind}\r\n{headers}"
            f"Content-Length: {len(body)}\r\n\r\n").encode()
    try:
        s.sendall(head + body)
    except OSError:
        pass
    try:
        return read_answer(s)
    except OSError:
        return 0, b""
    finally:
        s.close()


# ---- HTTP/2 ----

DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, END_HEADERS, ACK = 1, 4, 1


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def integer(n, prefix, first=0):
    limit = (1 << prefix) - 1
    if n < limit:
        return bytes([first | n])
    out, n = bytes([first | limit]), n - limit
    while n >= 128:
        out, n = out + bytes([n % 128 + 128]), n // 128
    return out + bytes([n])


def text(s):
    s = s if isinstance(s, bytes) else s.encode()
    return integer(len(s), 7) + s


def field(name, value, kept=False):
    return (b"\x40" if kept else b"\x00") + text(name) + text(value)


def request(path="/version", method="GET"):
    return (field(":method", method) + field(":scheme", "https") + field(":path", path) +
            field(":authority", "h"))


def http2(window=None):
    s = connect()
    settings = b"" if window is None else b"\x00\x04" + window.to_bytes(4, "big")
    s.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, settings))
    return s


def flood(s, make, total, each=500):
    """Sends until the server has had enough; how much was sent, and whether it said so."""
    sent = 0
    s.settimeout(3)
    try:
        while sent < total:
            s.sendall(b"".join(make(sent + i) for i in range(each)))
            sent += each
        while s.recv(65536):
            pass
        return sent, True
    except TimeoutError:
        return sent, False
    except OSError:
        return sent, True


# ---- what is measured ----

def rss_mb():
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS")) / 1024


class Watch(threading.Thread):
    """Somebody else, who wants an answer every 50 ms; and the server's memory at its highest."""

    def __init__(self):
        super().__init__()
        self.over = threading.Event()
        self.worst, self.failed, self.peak = 0.0, 0, rss_mb()

    def run(self):
        while not self.over.wait(0.05):
            began = time.monotonic()
            try:
                code, _ = ask("GET", "/api/v1/namespaces/default")
                self.failed += code != 200
            except OSError:
                self.failed += 1
            self.worst = max(self.worst, time.monotonic() - began)
            self.peak = max(self.peak, rss_mb())


attacks, count, bad = [], 0, 0


def attack(f):
    attacks.append(f)
    return f


def expect(what, ok, more=""):
    if not ok:
        raise AssertionError(f"{what}: {more}")


# ---- attacks ----

@attack
def rapid_reset():
    s = http2()
    sent, ended = flood(s, lambda i: frame(HEADERS, END_STREAM | END_HEADERS, 2 * i + 1, request()) +
                        frame(RST, 0, 2 * i + 1, b"\0\0\0\x08"), 100000)
    expect("the connection is ended", ended and sent < 100000, sent)


@attack
def settings_flood():
    sent, ended = flood(http2(), lambda i: frame(SETTINGS, 0, 0, b"\0\x04" + i.to_bytes(4, "big")), 200000)
    expect("the connection is ended", ended and sent < 200000, sent)


@attack
def ping_flood():
    sent, ended = flood(http2(), lambda i: frame(PING, 0, 0, bytes(8)), 200000)
    expect("the connection is ended", ended and sent < 200000, sent)


@attack
def continuation_flood():
    s = http2()
    s.sendall(frame(HEADERS, END_STREAM, 1, request()))
    piece = b"".join(field(f"x-{i}", "y" * 100) for i in range(100))
    sent, ended = flood(s, lambda i: frame(CONTINUATION, 0, 1, piece), 20000, 10)
    expect("the connection is ended", ended and sent < 20000, sent)


@attack
def empty_continuations():
    s = http2()
    s.sendall(frame(HEADERS, END_STREAM, 1, request()))
    sent, ended = flood(s, lambda i: frame(CONTINUATION, 0, 1), 1000000)
    expect("the connection is ended", ended and sent < 1000000, sent)


@attack
def empty_data():
    s = http2()
    s.sendall(frame(HEADERS, END_HEADERS, 1, request(CMS, "POST")))
    sent, ended = flood(s, lambda i: frame(DATA, 0, 1), 1000000)
    expect("the connection is ended", ended and sent < 1000000, sent)


@attack
def window_flood():
    s = http2()
    sent, ended = flood(s, lambda i: frame(WINDOW, 0, 0, b"\0\0\0\1"), 1000000)
    expect("it ends or is borne", ended or sent == 1000000, sent)
    s.close()


@attack
def header_table_bomb():
    """A header of 4,000 bytes is put into the table once and named sixteen thousand times."""
    for n in range(20):
        s = http2()
        block = request() + field("x", "y" * 4000, kept=True) + b"\xbe" * 12000
        s.sendall(frame(HEADERS, END_STREAM | END_HEADERS, 1, block))
        s.settimeout(5)
        try:
            s.recv(65536)
        except OSError:
            pass
        s.close()


@attack
def many_headers():
    code, _ = ask("GET", "/version", headers="".join(f"x{i}: y\r\n" for i in range(100000)))
    expect("431 or the end", code in (0, 400, 431), code)
    s = http2()
    block = request() + b"".join(field(f"x{i}", "y") for i in range(1500))
    s.sendall(frame(HEADERS, END_STREAM | END_HEADERS, 1, block[:16000]))
    s.close()


@attack
def closed_windows():
    """Answers that nobody lets come, on as many streams as there may be."""
    kept = []
    for n in range(8):
        s = http2(window=0)
        for i in range(250):
            s.sendall(frame(HEADERS, END_STREAM | END_HEADERS, 2 * i + 1, request(CMS)))
        kept.append(s)
    time.sleep(3)
    for s in kept:
        s.close()


@attack
def a_thousand_large_lists():
    kept = []
    for n in range(4):
        s = http2(window=0)
        for i in range(250):
            s.sendall(frame(HEADERS, END_STREAM | END_HEADERS, 2 * i + 1, request("/api/v1/pods")))
        kept.append(s)
    time.sleep(5)
    for s in kept:
        s.close()


@attack
def a_thousand_unread_tables():
    """As tables each answer has to be made, not only sent."""
    table = field("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
    kept = []
    for n in range(4):
        s = http2(window=0)
        for i in range(250):
            s.sendall(frame(HEADERS, END_STREAM | END_HEADERS, 2 * i + 1,
                            request("/api/v1/pods?limit=500") + table))
        kept.append(s)
    time.sleep(10)
    for s in kept:
        s.close()


@attack
def slow_readers():
    kept = []
    for n in range(100):
        s = connect("http/1.1")
        s.sendall(b"GET /api/v1/pods HTTP/1.1\r\nHost: h\r\n\r\n")
        kept.append(s)
    time.sleep(3)
    for s in kept:
        s.close()


@attack
def slow_writers():
    kept = []
    for n in range(300):
        s = connect("http/1.1")
        s.sendall(f"POST {CMS} HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n{{".encode())
        kept.append(s)
    for n in range(3):
        for s in kept:
            s.sendall(b" ")
        time.sleep(0.5)
    for s in kept:
        s.close()


@attack
def half_open_handshakes():
    kept = []
    for n in range(1000):
        s = socket.create_connection((host, port), timeout=5)
        s.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(n % 40))
        kept.append(s)
    time.sleep(2)
    for s in kept:
        s.close()


@attack
def deep_json():
    for body in (b'{"a":' * 500000, b"[" * 1000000, b'{"metadata":{"name":"x"},"data":' + b'{"a":' * 100000):
        code, _ = ask("POST", CMS, body)
        expect("400", code == 400, code)
    code, _ = ask("PATCH", CMS + "/bulk", b'{"data":' * 100000, "application/merge-patch+json")
    expect("refused", 400 <= code < 500, code)


@attack
def yaml_aliases():
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    body = "\n".join(lines).encode()
    for kind, method, path in (("application/yaml", "POST", CMS),
                               ("application/apply-patch+yaml", "PATCH", CMS + "/y?fieldManager=m")):
        code, _ = ask(method, path, body, kind)
        expect("refused", 400 <= code < 500, code)


@attack
def giant_selectors():
    one = "a%20in%20(" + ",".join(f"v{i}" for i in range(4000)) + ")"
    many = ",".join(f"k{i}=v" for i in range(3000))
    for q in (one, many, "(" * 20000, "a%20notin%20(" + "," * 20000 + ")"):
        code, _ = ask("GET", f"/api/v1/pods?labelSelector={q}")
        expect("an answer", code in (200, 400, 414, 431), code)


@attack
def giant_patches():
    kind = "application/json-patch+json"
    many = json.dumps([{"op": "add", "path": f"/data/k{i}", "value": "v"} for i in range(10001)])
    code, body = ask("PATCH", CMS + "/bulk", many.encode(), kind)
    expect("413 past the limit", code == 413, f"{code} {body[:300]}")
    array = [{"op": "add", "path": "/metadata/finalizers", "value": []}]
    array += [{"op": "add", "path": "/metadata/finalizers/0", "value": f"a/b{i}"} for i in range(9999)]
    code, _ = ask("PATCH", CMS + "/bulk?dryRun=All", json.dumps(array).encode(), kind)
    expect("an answer", 200 <= code < 500, code)


@attack
def copy_bombs():
    kind = "application/json-patch+json"
    double = [{"op": "add", "path": "/data", "value": {"a": "x" * 100000}}]
    double += [{"op": "copy", "from": "/data", "path": f"/data/b{i}"} for i in range(60)]
    code, body = ask("PATCH", CMS + "/bulk", json.dumps(double).encode(), kind)
    expect("refused", 400 <= code < 500, f"{code} {body[:200]}")
    wide = [{"op": "add", "path": "/data", "value": {"a": "x" * 1000000}}]
    wide += [{"op": "copy", "from": "/data/a", "path": f"/data/b{i}"} for i in range(9000)]
    code, body = ask("PATCH", CMS + "/bulk", json.dumps(wide).encode(), kind)
    expect("refused", 400 <= code < 500, f"{code} {body[:200]}")


@attack
def lists_that_merge():
    env = [{"name": f"e{i}", "value": "v"} for i in range(30000)]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "m"},
           "spec": {"containers": [{"name": "c", "image": "i", "env": env}]}}
    code, body = ask("POST", "/api/v1/namespaces/default/pods", json.dumps(pod).encode())
    expect("made", code == 201, f"{code} {body[:200]}")
    change = {"spec": {"containers": [{"name": "c", "env": env, "$setElementOrder/env":
              [{"name": e["name"]} for e in env]}], "$setElementOrder/containers": [{"name": "c"}]}}
    code, body = ask("PATCH", "/api/v1/namespaces/default/pods/m?dryRun=All",
                     json.dumps(change).encode(), "application/strategic-merge-patch+json")
    expect("an answer", 200 <= code < 500, f"{code} {body[:200]}")
    code, body = ask("PATCH", "/api/v1/namespaces/default/pods/m?dryRun=All&fieldManager=x&force=true",
                     json.dumps(pod).encode(), "application/apply-patch+yaml")
    expect("an answer", 200 <= code < 500, f"{code} {body[:200]}")


@attack
def sets_with_many_elements():
    many = [f"example.com/f{i}" for i in range(100000)]
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "f", "finalizers": many}}
    code, out = ask("POST", CMS + "?dryRun=All", json.dumps(body).encode())
    expect("an answer", 200 <= code < 500, f"{code} {out[:200]}")
    code, out = ask("PATCH", CMS + "/f?dryRun=All&fieldManager=m", json.dumps(body).encode(),
                    "application/apply-patch+yaml")
    expect("an answer", 200 <= code < 500, f"{code} {out[:200]}")


# ---- the run ----

def seed(n):
    """Pods enough for large lists, over one connection."""
    s = connect("http/1.1")
    for i in range(n):
        body = json.dumps({"metadata": {"name": f"p{i}", "annotations": {"a": "x" * 500}}, "spec": {
            "containers": [{"name": "c", "image": "i"}]}}).encode()
        s.sendall(f"POST /api/v1/namespaces/default/pods HTTP/1.1\r\nHost: h\r\nContent-Type: "
                  f"application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        code, out = read_answer(s)
        expect("a pod is made", code == 201, out[:300])
    s.close()


def run(f):
    global count, bad
    before, w, trouble = rss_mb(), Watch(), ""
    w.start()
    began = time.monotonic()
    try:
        f()
    except AssertionError as e:
        trouble = str(e)
    took = time.monotonic() - began
    w.over.set()
    w.join()
    count += 1
    if w.failed:
        trouble += f"; {w.failed} others were not served"
    if w.worst > STALL_S:
        trouble += f"; somebody waited {w.worst:.1f} s"
    if w.peak - before > GROWTH_MB:
        trouble += f"; it grew by {w.peak - before:.0f} MB"
    bad += bool(trouble)
    print(f"{'not ok' if trouble else 'ok'} {count} - {f.__name__}")
    print(f"# {trouble} {took:.1f} s, others at most {w.worst:.2f} s, {before:.0f} MB, "
          f"{w.peak:.0f} MB at most, {rss_mb():.0f} MB after", flush=True)


ask("POST", CMS, json.dumps({"metadata": {"name": "bulk"}, "data": {"a": "b"}}).encode())
seed(1000 if only else 5000)
for one in attacks:
    if only in one.__name__:
        run(one)
print(f"1..{count}")
sys.exit(bad > 0)
