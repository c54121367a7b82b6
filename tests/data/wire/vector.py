"""What a vector is: a stream that is put together, the table of §4, the events a stream means.
Used by generate.py beside it."""
import base64, hashlib, json, zlib

HELLO_LIMIT, DEFAULT_LIMIT, END_LIMIT = 65_536, 1_048_576, 1 << 24
U64 = (1 << 64) - 1
NONCE = "000102030405060708090a0b0c0d0e0f"
CRC_HI = f"{zlib.crc32(b'hi'):08x}"

# §4, the table: (from, type) → {member: kind}; "?" marks those that may be missing or null.
INT, TEXT, BOOL, INTS, TEXTS, ENTRIES, CRC = "int text bool ints texts entries crc".split()
TABLE = {
    ("client", "hello"): {"versions": INTS, "max_frame": INT, "digests": TEXTS, "nonce": TEXT,
                          "agent?": TEXT},
    ("server", "hello"): {"version": INT, "max_frame": INT, "digest": TEXT, "nonce?": TEXT,
                          "agent?": TEXT},
    ("client", "auth"): {"mac": TEXT},
    ("server", "welcome"): {"mac": TEXT},
    ("client", "list"): {"id": INT},
    ("server", "entries"): {"id": INT, "entries": ENTRIES, "more": BOOL},
    ("client", "get"): {"id": INT, "name": TEXT, "offset?": INT, "etag?": TEXT},
    ("server", "file"): {"id": INT, "name": TEXT, "size": INT, "modified": TEXT, "etag": TEXT,
                         "offset": INT},
    ("client", "put"): {"id": INT, "name": TEXT, "size": INT, "etag": TEXT, "overwrite?": BOOL},
    ("server", "ready"): {"id": INT, "offset": INT},
    ("both", "chunk"): {"id": INT, "offset": INT, "crc32?": CRC},
    ("both", "end"): {"id": INT, "size": INT, "digest?": TEXT},
    ("server", "done"): {"id": INT, "size": INT, "digest?": TEXT, "durability": TEXT},
    ("client", "cancel"): {"id": INT},
    ("both", "error"): {"id?": INT, "code": TEXT, "text": TEXT, "fatal": BOOL},
}
ENTRY = {"name": "a/b.txt", "size": 3, "modified": "2026-11-21T18:43:00Z"}
SAMPLES = {
    "versions": [1], "version": 1, "max_frame": DEFAULT_LIMIT, "digests": ["blake3", "none"],
    "digest": "sha256:" + "0" * 64, "nonce": NONCE, "agent": "a peer/1", "mac": "ab" * 32, "id": 7,
    "entries": [ENTRY], "more": False, "name": "a/b.txt", "offset": 393_216, "etag": "3-1f",
    "size": 400_000, "modified": "2026-11-21T18:43:00Z", "overwrite": True, "crc32": CRC_HI,
    "durability": "fsync", "code": "not_found", "text": "no such file", "fatal": False,
}
WRONG = {  # values that are no value of that kind, as JSON text
    INT: ['"7"', "1.5", "1.0", "1e0", "-1", str(U64 + 1), "true", "[7]", "{}"],
    TEXT: ["7", "true", '["x"]', "{}"],
    BOOL: ['"true"', "1", "[]"],
    INTS: ["1", '"1"', '["1"]', "[1.5]", "[-1]", f"[{U64 + 1}]", "{}"],
    TEXTS: ['"blake3"', "[1]", "[null]", "{}"],
    ENTRIES: ["{}", '"x"', "[5]", "[null]", '[["a",1,"x"]]', '[{"name":"a","size":1}]',
              '[{"name":"a","size":"1","modified":"x"}]',
              '[{"name":"a","size":1.0,"modified":"x"}]'],
    CRC: ["5", '""', '"9ae0daa"', '"9ae0daaff"', '"9AE0DAAF"', '"+9ae0daa"', '"9ae0daag"'],
}


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def sides(side):
    return ["client", "server"] if side == "both" else [side]


def members(side, kind):
    return TABLE.get((side, kind)) or TABLE.get(("both", kind))


def sample(side, kind, without=()):
    """A message with all its members, in the order a sender should use."""
    message = {"type": kind}
    for member in members(side, kind):
        member = member.rstrip("?")
        if member not in without:
            message[member] = SAMPLES[member]
    if kind == "hello" and side == "server" and "digest" in message:
        message["digest"] = "blake3"
    if kind == "chunk" and "filedata" not in without:
        message["filedata"] = base64.b64encode(b"hi").decode()
    return message


def understood(side, message):
    """The event that a well-formed message means: known members, defaults filled in, no payload."""
    other = "server" if side == "client" else "client"
    table = members(side, message["type"]) or members(other, message["type"])
    if table is None:
        id = message.get("id")
        id = id if type(id) is int and 0 <= id <= U64 else None
        return {"event": "unknown", "type": message["type"], "id": id}
    known = {"type": message["type"]}
    for member in table:
        name = member.rstrip("?")
        if message.get(name) is not None:
            known[name] = message[name]
    if "entries" in known:
        known["entries"] = [{k: e[k] for k in ENTRY} for e in known["entries"]]
    if known["type"] == "put":
        known.setdefault("overwrite", False)
    event = {"event": "message", "message": known}
    if known["type"] == "chunk":
        raw = base64.b64decode(message["filedata"], validate=True)
        if len(raw) <= 300:
            event["payload_hex"] = raw.hex()
        else:
            event["payload_len"] = len(raw)
            event["payload_sha256"] = hashlib.sha256(raw).hexdigest()
    return event


def part_length(part):
    if "numbers" in part:
        first, last = part["numbers"]
        around = (len(part["before"]) + len(part["after"])) // 2
        return sum(around + len(str(number)) for number in range(first, last + 1))
    return len(part["hex"]) // 2 * part.get("times", 1)


class Vector:
    """A stream that is put together, and the events it has to give."""

    def __init__(self, name, spec, side="client", limit=HELLO_LIMIT, layer="messages"):
        self.head = {"name": name, "spec": f"PROTOCOL {spec}", "from": side, "layer": layer}
        self.side, self.limit, self.parts, self.at, self.events = side, limit, [], 0, []

    def raw(self, data, times=1):
        """Bytes, `times` over."""
        if len(data) * times > 2000 and times > 1:
            self.parts.append({"hex": data.hex(), "times": times})
        else:
            self.parts.append({"hex": (data * times).hex()})
        self.at += len(data) * times
        return self

    def prefix(self, length):
        return self.raw(length.to_bytes(4, "big"))

    def body(self, *pieces):
        """One frame around pieces, each bytes, text, or (text, times)."""
        pieces = [p if isinstance(p, tuple) else (p, 1) for p in pieces]
        pieces = [(p.encode() if isinstance(p, str) else p, times) for p, times in pieces]
        self.prefix(sum(len(p) * times for p, times in pieces))
        start = self.at
        for piece, times in pieces:
            self.raw(piece, times)
        return start

    def many(self, piece, good, *pieces):
        """A list whose object has many members: pieces are text, (text, times) or numbers."""
        pieces = ['{"type":"list","id":7', piece, *pieces, "}"]
        pieces = [piece if isinstance(piece, dict) else
                  {"hex": (piece if isinstance(piece, str) else piece[0]).encode().hex(),
                   "times": piece[1] if isinstance(piece, tuple) else 1} for piece in pieces]
        length = sum(map(part_length, pieces))
        self.prefix(length)
        start = self.at
        self.parts += pieces
        self.at += length
        if good:
            self.events.append({"event": "message", "message": {"type": "list", "id": 7}})
            return self
        return self.error("too_large", (start, start + length - 1), "§3.4")

    def good(self, *pieces, **extra):
        """A frame that is a message."""
        if isinstance(pieces[0], dict):
            pieces = (compact(pieces[0]),)
        self.body(*pieces)
        text = "".join(p if isinstance(p, str) else p[0] * p[1] for p in pieces)
        self.events.append(understood(self.side, json.loads(text)) | extra)
        return self

    def error(self, kind, offset, spec):
        if isinstance(offset, tuple) and offset[0] == offset[1]:
            offset = offset[0]
        offset = list(offset) if isinstance(offset, tuple) else offset
        self.events.append({"event": "error", "kind": kind, "offset": offset,
                            "spec": f"PROTOCOL {spec}"})
        return self

    def bad(self, text, culprit=None, spec=None):
        """A frame that is malformed. The culprit is its last occurrence in the text, a place
        (before, what), or the whole text."""
        text = text.encode() if isinstance(text, str) else text
        before, what = culprit if isinstance(culprit, tuple) else (None, culprit)
        before = before.encode() if isinstance(before, str) else before
        what = what.encode() if isinstance(what, str) else what
        start = self.body(text)
        if before is not None:
            assert text.startswith(before + what), (text, before, what)
            first, length = len(before), len(what)
        else:
            first, length = (0, len(text)) if what is None else (text.rindex(what), len(what))
        place = (start + first, start + first + length - 1)
        return self.error("malformed", place, spec or self.head["spec"][9:])

    def done(self):
        if len(self.parts) > 1 and all(set(part) == {"hex"} for part in self.parts):
            self.parts = [{"hex": "".join(part["hex"] for part in self.parts)}]
        only = self.parts[0] if self.parts else {"hex": ""}
        stream = {"hex": only["hex"]} if len(self.parts) < 2 and "times" not in only else \
            {"parts": self.parts}
        text = {}
        if "hex" in stream and len(stream["hex"]) <= 800:
            shown = bytes.fromhex(stream["hex"])
            text = {"text": "".join(chr(b) if 32 <= b < 127 else f"\\x{b:02x}" for b in shown)}
        return self.head | {"frame_limit": self.limit} | stream | text | {"events": self.events}


FILES = {}


def subject(name, about):
    """Collects what a function yields into a file."""
    def collect(function):
        vectors = [vector.done() for vector in function()]
        names = [vector["name"] for vector in vectors]
        assert len(set(names)) == len(names), [n for n in names if names.count(n) > 1]
        lines = ",\n".join(compact(vector) for vector in vectors)
        about_json = json.dumps(about, ensure_ascii=False)
        FILES[name] = f'{{"about":{about_json},"vectors":[\n{lines}\n]}}\n'
        return function
    return collect
