#!/usr/bin/env python3
"""A peer of the framed wire v1: standard-library Python 3.9+, POSIX; § is PROTOCOL.md's."""
import argparse, base64, errno, hashlib, hmac, json, os, re, secrets, select, socket
import socketserver, stat, sys, time, zlib
from contextlib import suppress
FIELDS = {"hello": "max_frame:int nonce:str? versions:list? digests:list? version:int? digest:str?",
          "auth": "mac:str", "welcome": "mac:str", "list": "id:int", "cancel": "id:int",
          "entries": "id:int entries:list more:bool", "get": "id:int name:str offset:int? etag:str?",
          "file": "id:int name:str size:int modified:str etag:str offset:int",
          "put": "id:int name:str size:int etag:str overwrite:bool?", "ready": "id:int offset:int",
          "chunk": "id:int offset:int crc32:str? filedata:str", "end": "id:int size:int digest:str?",
          "done": "id:int size:int digest:str? durability:str",  # the table of §4
          "error": "id:int? code:str text:str fatal:bool", "entry": "name:str size:int modified:str"}
CODES = {errno.ENOENT: "not_found", errno.ENOTDIR: "not_found", errno.EEXIST: "exists",
         errno.ENOSPC: "no_space", errno.EDQUOT: "no_space"}  # §9; any other is "io"
class Fault(Exception):  # §9: with an id it ends one request, without one the connection
    def __init__(self, code, text, id=None, told=False):  # told: the other side knows it
        super().__init__(f"{code}: {text}")
        self.code, self.text, self.id, self.told = code, text, id, told
def need(condition, text, code="malformed", id=None):
    if not condition:
        raise Fault(code, text, id)
def check_members(m, type):
    for key, kind, optional in re.findall(r"(\w+):(\w+)(\??)", FIELDS.get(type, "")):
        v = m.setdefault(key, None)
        right = v.__class__.__name__ == kind and (kind != "int" or 0 <= v < 2**64)
        need(right or v is None and optional, f"{type}: {key} is missing or wrong")
def unique(pairs):  # §3.4
    need(len(dict(pairs)) == len(pairs), "a duplicate member")
    return dict(pairs)
def depth(v):
    inner = v.values() if type(v) is dict else v if type(v) is list else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)
def check_name(name, id=None):  # §10
    need(not re.search("[\0-\x1f\x7f-\x9f\\\\\ud800-\udfff]", name) and len(name.encode()) <= 1024
         and all(s not in ("", ".", "..") and len(s.encode()) <= 255
                 and not s.startswith(".wirewright-") for s in name.split("/")),
         "not a name of this wire", "bad_name", id)
def entry(name, st):
    modified = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(st.st_mtime))
    return {"name": name, "size": st.st_size, "modified": modified}
def etag(st):
    return f"{st.st_size:x}-{st.st_mtime_ns:x}-{st.st_ino:x}"
def mac(token, who, client, server):  # §8
    return hmac.new(token, f"wirewright v1 {who}\0{client}\0{server}".encode(), "sha256").hexdigest()

class Peer:  # what both sides do
    def __init__(self, sock, options):
        self.sock, self.options, self.token = sock, options, options.token_file
        self.limit, self.digest, self.eof, self.nonce = 65536, "none", False, secrets.token_hex(16)
    def send(self, type, **members):
        data = json.dumps({"type": type, **members}, separators=(",", ":")).encode()
        data = memoryview(len(data).to_bytes(4, "big") + data)
        try:
            while data:
                self.sock.settimeout(30)
                data = data[self.sock.send(data):]
        except OSError as e:
            raise Fault("lost", e, told=True) from None
    def tell(self, e):
        if not e.told:
            of = {} if e.id is None else {"id": e.id}
            self.send("error", **of, code=e.code, text=e.text, fatal=e.id is None)
    def read(self, n, until):  # n bytes, fewer at the end; what is only claimed takes no memory
        data, mark = bytearray(), 0
        try:
            while len(data) < n and not self.eof:
                self.sock.settimeout(max(until - time.monotonic(), 0.001))
                part = self.sock.recv(min(n - len(data), 65536))
                self.eof = not part
                data += part
                if len(data) - mark > 5464:  # §11: 4,096 bytes of payload within a frame
                    mark, until = len(data), time.monotonic() + 30
        except socket.timeout:
            raise Fault("timed_out", "the other side was silent") from None
        except OSError as e:
            raise Fault("lost", e, told=True) from None
        return data
    def receive(self, wait=30, may_end=False, until=None):  # one message (§3)
        until = until or time.monotonic() + wait
        head = self.read(1, until)
        if not head and may_end:
            return None
        need(not any(head), "this is not the framed wire")
        head += self.read(3, until)
        n = int.from_bytes(head, "big")
        need(n <= self.limit, f"a frame of {n} bytes", "too_large")
        body = self.read(n, until)
        need(len(head) == 4 and len(body) == n, "the stream ended too early", "incomplete")
        try:
            m = json.loads(body.decode(), object_pairs_hook=unique,
                           parse_constant=lambda s: need(False, s + " is not JSON"),
                           parse_int=lambda s: int(s) if len(s) < 21 else float("inf"))
            need(type(m) is dict and depth(m) < 128, "no object, or nested too deeply")
        except (ValueError, RecursionError) as e:
            raise Fault("malformed", str(e)) from None
        need(type(m.get("type")) is str, "no type")
        check_members(m, m["type"])
        return m
    def send_file(self, id, file, st, offset):  # §5, §6
        at, hasher = 0, hashlib.sha256()
        while at < st.st_size:
            n = min(196608, (self.limit - 200) // 4 * 3, (offset if at < offset else st.st_size) - at)
            data = file.read(n)
            need(len(data) == n, "the file changed", "changed", id)
            hasher.update(data)
            if at >= offset:
                while not self.eof and select.select([self.sock], [], [], 0)[0]:
                    self.aside(self.receive(may_end=True), id)
                self.send("chunk", id=id, offset=at, crc32="%08x" % zlib.crc32(data),
                          filedata=base64.b64encode(data).decode())
            at += n
        need(etag(os.fstat(file.fileno())) == etag(st), "the file changed", "changed", id)
        digest = "sha256:" + hasher.hexdigest() if self.digest == "sha256" else None
        self.send("end", id=id, size=at, digest=digest)
    def receive_file(self, id, size, path, overwrite):  # §5, §6, §7.6
        temp = os.path.join(os.path.dirname(path), ".wirewright-" + secrets.token_hex(8))
        at, counted, hasher, until = 0, 0, hashlib.sha256(), time.monotonic() + 30
        try:
            with open(temp, "xb") as out:
                while (m := self.receive(until=until))["type"] != "end" or m["id"] != id:
                    if m["type"] != "chunk" or m["id"] != id:
                        self.aside(m, id)
                        continue
                    try:
                        raw = base64.b64decode(m["filedata"], validate=True)
                    except ValueError as e:
                        raise Fault("malformed", str(e)) from None
                    need(base64.b64encode(raw).decode() == m["filedata"], "base64 is not canonical")
                    need(m["offset"] == at and raw and at + len(raw) <= size and
                         (len(raw) % 3 == 0 or at + len(raw) == size), "a chunk is out of place")
                    need(m["crc32"] in (None, "%08x" % zlib.crc32(raw)), "a chunk arrived wrong",
                         "checksum_mismatch", id)
                    out.write(raw)
                    hasher.update(raw)
                    at += len(raw)
                    if at - counted >= 4096:
                        counted, until = at, time.monotonic() + 30
                digest = "sha256:" + hasher.hexdigest() if self.digest == "sha256" else None
                need(at == m["size"] == size and digest in (None, m["digest"]),
                     "the file arrived wrong", "digest_mismatch", id)
                out.flush()
                os.fsync(out.fileno())
            if overwrite:
                os.replace(temp, path)
            else:
                os.link(temp, path)  # fails if the name was taken meanwhile
        finally:
            with suppress(FileNotFoundError):
                os.unlink(temp)
        folder = os.open(os.path.dirname(path), os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        return digest
