#!/usr/bin/env python3
"""A peer of the framed wire v1 (§ = PROTOCOL.md) in standard-library Python 3.9+ for POSIX."""
import argparse, base64, hashlib, hmac, json, os, re, secrets, socket, tempfile, time, zlib
from pathlib import Path; from socketserver import ThreadingTCPServer as Server
ONCE = "hello", "auth", "welcome", "entries", "file", "ready", "done"  # have one place (§12)
OURS, CODES = 1 << 20, {None: "timed_out", 2: "not_found", 17: "exists", 28: "no_space"}
class Fault(Exception): __str__ = lambda e: f"{e.args[1]}: {e.args[0]}"  # text, code, id: §9
def need(condition, text, code="malformed", id=None):
    if not condition: raise Fault(text, code, id)
def unique(pairs):  # §3.4
    return need(len(dict(pairs)) == len(pairs), "a duplicate member") or dict(pairs)
def good_name(name):  # §10
    part = r"(?!\.\.?(/|\Z)|\.wirewright-)[^\0-\x1f\x7f-\x9f\\/\ud800-\udfff]+"
    return re.fullmatch(f"{part}(/{part})*", name) and len(name.encode()) <= 1024 and \
        all(len(s.encode()) <= 255 for s in name.split("/"))
def describe(name, file):
    st = os.stat(file)
    return {"name": name, "size": st.st_size, "etag": f"{st.st_size:x}-{st.st_mtime_ns:x}",
            "modified": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(st.st_mtime))}
def mac(who, a, b):  # §8: the frames of both hellos as they were sent
    return hmac.new(token, f"wirewright v1 {who}\0".encode() + a + b, "sha256").hexdigest()
class Peer:  # what both sides do
    def __init__(self, sock):
        self.sock, self.input, self.waiting, self.last = sock, sock.makefile("rb"), [], 0
        self.limit, self.hashed, self.nonce = 65536, False, secrets.token_hex(16)
        self.frame = self.sent = b""; self.fault = self.running = self.digest = None
    def send(self, type, **members):
        self.sock.settimeout(30); data = json.dumps({"type": type, **members}).encode()
        self.sent = len(data).to_bytes(4, "big") + data; self.sock.sendall(self.sent)
    def receive(self, patience=30):  # one message (§3); a better peer counts payload too (§11)
        if self.fault: raise self.fault  # nothing behind it is heard (§9)
        self.sock.settimeout(patience)
        if not (first := self.input.read(1)): raise EOFError("the other side hung up")
        need(first == b"\0", "this is not the framed wire")
        n = int.from_bytes(self.input.read(3), "big"); need(n <= self.limit, f"{n}", "too_large")
        need(len(body := self.input.read(n)) == n > 0, "an empty frame, or an end inside one")
        self.frame = b"\0" + n.to_bytes(3, "big") + body
        m = json.loads(body.decode(), object_pairs_hook=unique, parse_constant=int)  # int: no NaN
        need(type(m["type"]) is str and all(type(m[k]) is int and 0 <= m[k] < 2**64 for k in
             ("id", "offset", "size", "max_frame") if m.get(k) is not None), "not as in §4")
        return m
    def expect(self, *types, id=None, patience=30):  # puts aside requests that come meanwhile
        while (m := self.receive(patience))["type"] not in types or m.get("id") != id:
            kind, other = m["type"], m.get("id")
            if kind == "error" and (m["fatal"] or other in (None, id) or id is None):
                raise EOFError(f"{m['code']}: {m['text']}")
            need(kind != "cancel" or other != id, "as you asked", "cancelled", id)
            if kind in ("cancel", "error"):
                if kind == "cancel" and any(w["id"] == other for w in self.waiting):
                    self.send("error", id=other, code="cancelled", text="as asked", fatal=False)
                self.waiting = [w for w in self.waiting if w["id"] != other]
            elif kind in ("list", "get", "put"):
                need(len(self.waiting) < 64, "64 requests wait", "too_large"); self.waiting += [m]
            else: need(kind not in ONCE, "this has no place here", "unexpected")
        return m
    def send_file(self, id, file, about, offset):  # §5, §6; what is before offset is only hashed
        at, size, hasher = 0, about["size"], hashlib.sha256()
        while at < size:
            n = min(196608, (self.limit - 200) // 4 * 3, (offset if at < offset else size) - at)
            hasher.update(raw := file.read(n)); at += n; need(len(raw) == n, "cut", "changed", id)
            if at > offset: self.send("chunk", id=id, offset=at - n, crc32=f"{zlib.crc32(raw):08x}",
                                      filedata=base64.b64encode(raw).decode())
        need(describe(about["name"], file.fileno()) == about, "the file changed", "changed", id)
        self.digest = self.hashed and "sha256:" + hasher.hexdigest()
        self.send("end", id=id, size=size, digest=self.digest)
    def receive_file(self, id, size, path, overwrite):  # §5, §6, §7.6
        at, hasher, home, self.running = 0, hashlib.sha256(), path.parent, id
        with tempfile.TemporaryDirectory("", ".wirewright-", home) as t, open(t + "/f", "xb") as f:
            while (m := self.expect("chunk", "end", id=id))["type"] == "chunk":
                raw = base64.b64decode(m["filedata"], validate=True)  # and unused bits zero:
                need(base64.b64encode(raw).decode() == m["filedata"], "base64 is not canonical")
                crc32, whole = f"{zlib.crc32(raw):08x}", len(raw) % 3 == 0 or at + len(raw) == size
                need(m["offset"] == at < at + len(raw) <= size and whole, "a chunk out of place")
                need(m.get("crc32") in (None, crc32), "a damaged chunk", "checksum_mismatch", id)
                hasher.update(raw); at += f.write(raw)
            whole, digest = at == m["size"] == size, self.hashed and "sha256:" + hasher.hexdigest()
            need(whole and digest in (None, m.get("digest")), "", "digest_mismatch", id)
            self.running = None; f.flush(); os.fsync(f.fileno())
            (os.replace if overwrite else os.link)(f.name, path)
        os.fsync(folder := os.open(home, os.O_RDONLY)); os.close(folder); return digest
def greet(peer, m):  # the server's side of §4.1 and §8
    theirs, able = peer.frame, [d for d in m["digests"] if d in ("sha256", "none")]
    need(1 in m["versions"] and able, "no common version or digest", "unsupported")
    peer.send("hello", version=1, max_frame=OURS, digest=able[0], nonce=token and peer.nonce)
    peer.limit, peer.hashed = max(65536, min(m["max_frame"], OURS)), able[0] == "sha256" or None
    if token:
        hellos, m = (theirs, peer.sent), peer.receive(10)
        good = hmac.compare_digest(str(m.get("mac")).encode(), mac("client", *hellos).encode())
        need(m["type"] == "auth" and good, "no good token", "unauthorized")
        peer.send("welcome", mac=mac("server", *hellos))
def answer(peer, m):
    kind, id, root = m["type"], m.get("id"), Path(options.where).resolve()
    if kind not in ("list", "get", "put"):  # chunks and so on of what has ended are no fault
        late = kind in ("chunk", "end") and id > peer.last
        need(kind not in ONCE and not late, "this has no place here", "unexpected")
        if kind == "error" and m["fatal"]: raise EOFError
        return need(kind in ("cancel", "chunk", "end", "error"), "what?", "unknown_type", id)
    need(id > peer.last, "the id does not rise"); peer.last = id
    if kind == "list":
        found = [describe(n, p) for p in root.rglob("*") if p.is_file() and root in
                 p.resolve().parents and good_name(n := p.relative_to(root).as_posix())]
        return any(peer.send("entries", id=id, entries=found[i:i + 16], more=i + 16 < len(found))
                   for i in range(0, len(found) or 1, 16))  # send returns None: all are sent
    need(kind == "put" or not m.get("offset") or m.get("etag"), "an offset without an etag")
    need(good_name(m["name"]), "a bad name", "bad_name", id)
    path = (root / m["name"]).resolve()
    need(root in path.parents and (kind == "put" or path.is_file()), "no such", "not_found", id)
    if kind == "get":
        with path.open("rb") as file:
            about, offset = describe(m["name"], file.fileno()), m.get("offset") or 0
            need(m.get("etag") in (None, about["etag"]), "it is another by now", "changed", id)
            need(offset <= about["size"], "past the end", "bad_offset", id)
            peer.send("file", id=id, offset=offset, **about)
            return peer.send_file(id, file, about, offset)
    need(options.writable, "nothing may be written here", "read_only", id)
    if not m.get("overwrite") and os.path.lexists(root / m["name"]):  # the same again? §7.3
        alike = peer.hashed and path.is_file() and path.stat().st_size == m["size"]
        need(alike, "it is there already", "exists", id)
        digest = "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
        peer.send("ready", id=id, offset=m["size"]); theirs = peer.expect("end", id=id)["digest"]
        need(theirs == digest, "it is there, with other content", "exists", id)
    else:
        path.parent.mkdir(parents=True, exist_ok=True); peer.send("ready", id=id, offset=0)
        digest = peer.receive_file(id, m["size"], path, m.get("overwrite"))
    peer.send("done", id=id, size=m["size"], digest=digest, durability="fsync")
def serve(sock, *_):  # an exception that leaves it ends the connection
    peer, step, m = Peer(sock), greet, {}
    while step:
        try:
            m = peer.waiting.pop(0) if peer.waiting else peer.receive(10 if step is greet else 300)
            step = step(peer, m) or answer
        except EOFError: return
        except Exception as e:  # whatever a strange message breaks is malformed
            text, code, id = e.args if type(e) is Fault else (type(e).__name__, "malformed", None)
            if isinstance(e, OSError): code = CODES.get(e.errno, "io"); id = e.errno and m.get("id")
            if not id and (peer.running or peer.waiting):  # what came before is answered first
                peer.fault, id, code, peer.running = e, peer.running, "cancelled", None
                if not id: continue
            step = id and answer
            peer.send("error", id=id, code=code, text=text, fatal=not id)
    sock.shutdown(socket.SHUT_WR); peer.input.read(1 << 20)  # unread bytes would reset the error
def client(peer):
    peer.send("hello", versions=[1], max_frame=OURS, digests=[options.digest], nonce=peer.nonce)
    m, name = peer.expect("hello"), options.name; hellos = (peer.sent, peer.frame)
    need((m["version"], m["digest"]) == (1, options.digest), "this was not offered")
    need(bool(m.get("nonce")) == bool(token), "a token on one side only", "unauthorized")
    peer.limit, peer.hashed = max(65536, min(m["max_frame"], OURS)), m["digest"] != "none" or None
    if token:
        peer.send("auth", mac=mac("client", *hellos))
        need(peer.expect("welcome")["mac"] == mac("server", *hellos), "a false server")
    if options.command == "ls":
        peer.send("list", id=1); m = {"more": True}
        while m["more"]:
            for e in (m := peer.expect("entries", id=1))["entries"]:
                print(f"{e['size']:12} {e['modified']!a} {e['name']!a}")
    elif options.command == "get":
        need(good_name(name), "a bad name", "bad_name"); peer.send("get", id=1, name=name)
        m, path = peer.expect("file", id=1), Path(options.o or ".")
        need(m["name"] == name and m["offset"] == 0, "this is not what we asked for")
        peer.receive_file(1, m["size"], path / name if path.is_dir() else path, True)
    else:
        about, file = describe(Path(name).name, name), open(name, "rb")
        peer.send("put", id=1, overwrite=options.overwrite, **about)
        peer.send_file(1, file, about, peer.expect("ready", id=1)["offset"])
        m = peer.expect("done", id=1, patience=600)
        need((m["size"], m["digest"]) == (about["size"], peer.digest), "", "digest_mismatch")
p = argparse.ArgumentParser(); add, yes = p.add_argument, {"action": "store_true"}
add("command", choices=["ls", "get", "put", "serve"]); add("where"); add("name", nargs="?")
add("--digest", choices=["sha256", "none"], default="sha256"); add("--overwrite", **yes)
add("--port", type=int, default=5566); add("--token-file", type=argparse.FileType("rb"))
add("--writable", **yes); add("-o"); options = p.parse_args()
if (options.command in ("get", "put")) != bool(options.name): p.error("get and put need one name")
try:
    token = options.token_file and options.token_file.read().strip(); need(token != b"", "no token")
    if options.command == "serve":
        Server.allow_reuse_address = Server.daemon_threads = Server.handle_error = lambda *_: None
        server = Server(("127.0.0.1", options.port), serve)
        print("listening on %s:%d" % server.server_address, flush=True); server.serve_forever()
    client(Peer(socket.create_connection(options.where.rsplit(":", 1), 30)))
except Exception as e: raise SystemExit(ascii(f"error: {options.where}: {e}")[1:-1])
