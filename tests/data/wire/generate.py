#!/usr/bin/env python3
"""Writes the vectors beside it from PROTOCOL.md alone: what is expected is worked out here, never
copied from what some program answered. `generate.py` rewrites the files, `generate.py --check` says
whether they are what it would write. README.md explains the format."""
import base64, hashlib, hmac, itertools, json, sys, zlib
from pathlib import Path

sys.dont_write_bytecode = True
from vector import *

HERE = Path(__file__).resolve().parent


# ---- §3 ------------------------------------------------------------------------------------------

LIST = '{"type":"list","id":7}'


@subject("frames", "§3.1 to §3.3 and §3.5: lengths, limits, streams that end")
def frames():
    yield Vector("an empty stream", "§3.5")
    yield Vector("one frame", "§3.1").good(LIST)
    yield Vector("three frames", "§3.1").good(LIST).good(LIST).good('{"type":"cancel","id":7}')
    for name, first in [("HTTP", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
                        ("TLS", b"\x16\x03\x01\x02"), ("SSH", b"SSH-2.0-x\r\n"),
                        ("JSON", b'{"type":"hello"}'), ("0xff", b"\xff"),
                        ("a lone line feed", b"\n"), ("2^24", b"\1\0\0\0")]:
        for before in (0, 1):
            vector = Vector(f"{name} after {before} frames", "§3.2")
            for _ in range(before):
                vector.good(LIST)
            at = vector.at
            yield vector.raw(first).error("malformed", at, "§3.2")
    for before in (0, 1):
        vector = Vector(f"length 0 after {before} frames", "§3.2")
        for _ in range(before):
            vector.good(LIST)
        at = vector.at
        yield vector.prefix(0).error("malformed", (at, at + 3), "§3.2")
    for text in (" ", "{", "0"):
        vector = Vector(f"length 1: {text!r}", "§3.4")
        start = vector.body(text)
        yield vector.error("malformed", start if text == "0" else start + 1, "§3.4")
    for limit in (HELLO_LIMIT, DEFAULT_LIMIT):
        for length in (limit - 1, limit):
            yield Vector(f"{length} of {limit}", "§3.3", limit=limit).good(
                LIST, (" ", length - len(LIST)))
        vector = Vector(f"{limit + 1} of {limit}", "§3.3", limit=limit).good(LIST)
        at = vector.at
        yield vector.prefix(limit + 1).raw(b"{").error("too_large", (at, at + 3), "§3.3")
    yield Vector("2^24-1 of 2^24-1", "§3.2", limit=END_LIMIT - 1).good(
        LIST, (" ", END_LIMIT - 1 - len(LIST)))
    yield Vector("2^24-1 of 2^24-2", "§3.3", limit=END_LIMIT - 2).prefix(END_LIMIT - 1).error(
        "too_large", (0, 3), "§3.3")
    yield Vector("0xffffffff", "§3.2").prefix(0xFFFFFFFF).error("malformed", 0, "§3.2")
    whole = Vector("", "").good(LIST)
    stream = bytes.fromhex("".join(part["hex"] for part in whole.parts))
    for length in range(1, len(stream)):
        yield Vector(f"ends after {length} bytes", "§3.5").raw(stream[:length]).error(
            "incomplete", length, "§3.5")
    vector = Vector("a claim and then silence", "§3.5", limit=END_LIMIT - 1).prefix(END_LIMIT - 1)
    yield vector.error("incomplete", 4, "§3.5")
    vector = Vector("ends inside the second frame", "§3.5").good(LIST).raw(stream[:9])
    yield vector.error("incomplete", vector.at, "§3.5")
    vector = Vector("ends inside a payload", "§3.5").prefix(200).raw(
        b'{"type":"chunk","id":1,"offset":0,"filedata":"Zm9vYm')
    yield vector.error("incomplete", vector.at, "§3.5")


@subject("objects", "§3.4: one JSON object, and nothing else")
def objects():
    for space in (" ", "\t", "\n", "\r", " \r\n\t "):
        tokens = ["{", '"type"', ":", '"list"', ",", '"id"', ":", "7", "}"]
        yield Vector(f"white space {space!r}", "§3.4").good(
            space + space.join(tokens) + space)
    for behind in ("x", "{}", ",", "}", "\0", "]", '"'):
        yield Vector(f"{behind!r} behind the object", "§3.4").bad(LIST + behind, (LIST, behind[0]))
    yield Vector("behind it and a space", "§3.4").bad(LIST + " x", (LIST + " ", "x"))
    for other in ("[]", '"x"', "5", "null", "true", "-", "x", "}", "<", "\ufeff{}", "'"):
        yield Vector(f"{other!r} is no object", "§3.4").bad(other, ("", other[0].encode()[:1]))
    for length in range(1, len(LIST)):
        vector = Vector(f"the frame ends after {length} bytes of the object", "§3.4")
        vector.body(LIST[:length])
        yield vector.error("malformed", vector.at, "§3.4")
    vector = Vector("a length one too long", "§3.4").prefix(len(LIST) + 1).raw(LIST.encode())
    yield vector.raw((len(LIST)).to_bytes(4, "big") + LIST.encode()).error(
        "malformed", 4 + len(LIST), "§3.4")
    syntax = [
        ("{,", ('{', ",")), ("{1:2}", ("{", "1")), ('{"a" 1}', ('{"a" ', "1")),
        ('{"a":1 2}', ('{"a":1 ', "2")), ('{"a":1,}', ('{"a":1,', "}")), ('{"a":}', ('{"a":', "}")),
        ('{"a":x}', ('{"a":', "x")), ('{"a":[}', ('{"a":[', "}")), ('{"a":{]', ('{"a":{', "]")),
        ('{"a":01}', "01"), ('{"a":1.}', "1.}"), ('{"a":.5}', ('{"a":', ".")), ('{"a":+1}', "+"),
        ('{"a":tru}', "tru}"), ('{"a":nul}', "nul}"), ('{"a":NaN}', ('{"a":', "N")),
        ('{"a":-}', "-}"),
        ('{"a":[1 2]}', "2"), ('{"a":[1,]}', ('{"a":[1,', "]")),
        ('{"a":{"b"}}', ('{"a":{"b"', "}")),
        ('{"a":"\n"}', "\n"), ('{"a":"\0"}', "\0"), ('{"a":"\x1f"}', "\x1f"), ('{"\n":1}', "\n"),
        ('{"a":"\\q"}', "\\q"), ('{"a":"\\u12g4"}', '\\u12g4"'), ('{"a":"\\u12"}', '\\u12"}'),
        ("{'a':1}", ("{", "'")), ('{"a":1}', None), ("{}", None), ('{"a":1//\n}', ('{"a":1', "/")),
    ]
    for text, culprit in syntax:
        spec = "§4" if culprit is None else "§3.4"
        yield Vector(f"syntax: {text!r}", spec).bad(text, culprit)
    invalid = [b"\xff", b"\x80", b"\xc3", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
               b"\xe2\x82", b"\xf8\x88\x80\x80\x80"]
    for sequence in invalid:
        for name, before, behind in [
            ("a key", b'{"', b'":1,"type":"list","id":7}'),
            ("a value", b'{"x":"', b'","type":"list","id":7}'),
            ("a nested key", b'{"x":[{"', b'":1}],"type":"list","id":7}'),
            ("a value behind a payload", b'{"type":"x","filedata":"Zg==","y":"', b'"}'),
        ]:
            yield Vector(f"invalid UTF-8 {sequence.hex()} in {name}", "§3.4").bad(
                before + sequence + behind, (before, sequence))
    for text in ("é", "汉", "😀", "\u007f", "\U0010ffff", "\\ud83d\\ude00", "\\u00e9", "\\/\\b\\\""):
        yield Vector(f"text {text!r}", "§3.4").good(f'{{"type":"get","id":1,"name":"{text}"}}')


@subject("duplicates", "§3.4: a duplicate member at any depth")
def duplicates():
    cases = [
        ('{"type":"list","id":7,"id":7}', '"id"'),
        ('{"type":"list","type":"list","id":7}', '"type"'),
        ('{"type":"list","id":7,"x":1,"x":2}', '"x"'), ('{"x":{"y":1,"y":2},"type":"list"}', '"y"'),
        ('{"x":[[{"y":1,"z":{},"y":2}]],"type":"list"}', '"y"'), ('{"":1,"":2}', '""'),
        ('{"type":"list","id":7,"\\u0069d":8}', '"\\u0069d"'), ('{"\\u0078":1,"x":2}', '"x"'),
        ('{"\\/":1,"/":2}', '"/"'), ('{"é":1,"\\u00e9":2}', '"\\u00e9"'),
        ('{"type":"chunk","filedata":"Zg==","id":1,"filedata":"Zg==","offset":0}', '"filedata"'),
        ('{"type":"chunk","filedata":"","f\\u0069ledata":""}', '"f\\u0069ledata"'),
        ('{"type":"chunk","id":1,"offset":0,"filedata":"Zg==","id":1}', '"id"'),
        ('{"type":"chunk","id":1,"id":1,"offset":0,"filedata":"Zg=="}', '"id"'),
        ('{"type":"entries","id":1,"entries":[{"name":"a","name":"b"}]}', '"name"'),
    ]
    for text, culprit in cases:
        yield Vector(text, "§3.4").bad(text, culprit)
    for count in (2, 15, 16, 17, 18, 40):
        for twice in sorted({0, count // 2, count - 1}):
            text = "{" + "".join(f'"k{i:02}":{i},' for i in range(count)) + f'"k{twice:02}":0}}'
            vector = Vector(f"{count} members, number {twice} again", "§3.4")
            yield vector.bad(text, f'"k{twice:02}"')
    many = "".join(f',"k{i}":{{"k{i}":[]}}' for i in range(300))
    yield Vector("300 members, all different", "§4").good(LIST[:-1] + many + "}")
    yield Vector("names differ in case", "§4").good('{"type":"list","id":7,"Id":8,"TYPE":9}')
    yield Vector("the same name at different depths", "§4").good(
        '{"type":"list","id":7,"x":{"id":8,"x":{"id":9}},"y":[{"id":1},{"id":1}]}')


@subject("nesting", "§3.4: nesting of 128 levels or more, the frame's object being the first")
def nesting():
    for levels in (2, 125, 126, 127):
        inner = levels - 1
        for name, opened, closed in [("arrays", "[", "]"), ("objects", '{"a":', "}")]:
            core = "1" if name == "objects" else ""
            value = opened * inner + core + closed * inner
            yield Vector(f"{levels} levels of {name}", "§3.4").good(
                f'{{"type":"list","x":{value},"id":7}}')
    for levels in (128, 129, 1000):
        inner = levels - 1
        for name, opened, closed in [("arrays", "[", "]"), ("objects", '{"a":', "}")]:
            before = '{"type":"list","x":' + opened * 126
            text = before + opened * (inner - 126) + "1" + closed * inner + "}"
            yield Vector(f"{levels} levels of {name}", "§3.4").bad(text, (before, opened[0]))
    before = '{"type":"chunk","id":1,"offset":0,"filedata":"Zg==","x":' + "[" * 126
    yield Vector("128 levels behind a payload", "§3.4").bad(
        before + "[" + "]" * 127 + "}", (before, "["))
    vector = Vector("100,000 brackets", "§3.4", limit=DEFAULT_LIMIT)
    start = vector.body('{"x":', ("[", 100_000))
    yield vector.error("malformed", start + len('{"x":') + 126, "§3.4")
    yield Vector("127 levels, wide", "§3.4").good(
        '{"type":"list","id":7,"x":[' + ",".join(["[" * 125 + "]" * 125] * 5) + "]}")


# ---- §4 ------------------------------------------------------------------------------------------

def kinds():
    for (side, kind), table in TABLE.items():
        for one in sides(side):
            yield one, kind, table


@subject("messages", "§4: every message, any order of members, escapes, unknown members and types")
def messages():
    for side, kind, table in kinds():
        full = sample(side, kind)
        yield Vector(f"{kind} of the {side}", "§4", side).good(full)
        optional = [m.rstrip("?") for m in table if m.endswith("?")]
        if optional:
            short = sample(side, kind, optional)
            yield Vector(f"{kind} of the {side}, short", "§4", side).good(short)
            yield Vector(f"{kind} of the {side}, nulls", "§4", side).good(
                full | {member: None for member in optional})
        orders = Vector(f"{kind} of the {side} in other orders", "§4", side)
        items = list(full.items())
        some = list(itertools.permutations(items)) if (side, kind) == ("client", "chunk") else \
            [items[i:] + items[:i] for i in range(1, len(items))] + [items[::-1]]
        for order in some:
            orders.good(compact(dict(order)))
        yield orders
        more = {"x": None, "Type": 1, "nested": {"type": "put", "id": "a", "filedata": "!"},
                "list": [1.5, -3, True, None, {"deep": [[]]}, U64 * 3], "": ""}
        yield Vector(f"{kind} of the {side} with unknown members", "§4", side).good(more | full)
        escaped = "".join(f"\\u{ord(c):04x}" for c in kind)
        text = compact(full).replace(f'"{kind}"', f'"{escaped}"', 1)
        text = text.replace('"id"', '"\\u0069\\u0064"').replace('"name"', '"n\\u0061me"')
        text = text.replace('"filedata"', '"file\\u0064ata"').replace("/", "\\/")
        yield Vector(f"{kind} of the {side} with escapes", "§4", side).good(text)
        for number in (0, 1, (1 << 53) + 1, 1 << 63, U64):
            numbers = {m.rstrip("?"): number for m, k in table.items()
                       if k == INT and m not in ("max_frame", "version")}
            if numbers:
                yield Vector(f"{kind} of the {side} with {number}", "§4", side).good(full | numbers)
    yield Vector("versions of another time", "§4.2").good(
        sample("client", "hello") | {"versions": [0, 1, 1 << 32, U64]})
    yield Vector("no versions, no digests", "§4.2").good(
        sample("client", "hello") | {"versions": [], "digests": []})
    yield Vector("an empty page", "§4.6", "server").good(
        '{"type":"entries","id":1,"entries":[],"more":true}')
    yield Vector("a page with unknown members", "§4", "server").good(
        {"type": "entries", "id": 1, "entries": [ENTRY | {"mode": 7}, ENTRY], "more": False})
    for side in ("client", "server"):
        for name, text in [
            ("bare", '{"type":"note"}'), ("with id", '{"type":"note","id":7}'),
            ("with a text as id", '{"type":"note","id":"seven"}'),
            ("null", '{"type":"note","id":null}'),
            ("with a float", '{"type":"note","id":7.5}'), ("with -1", '{"type":"note","id":-1}'),
            ("with 2^64", f'{{"type":"note","id":{U64 + 1}}}'), ("empty", '{"type":""}'),
            ("an object as id", '{"id":{"type":"list"},"type":"note"}'),
            ("with a payload", '{"type":"note","id":7,"filedata":"aGk="}'),
            ("a payload first", '{"filedata":"aGk=","id":7,"type":"note"}'),
            ("a payload and strange members",
             '{"type":"note","id":"x","offset":"top","crc32":5,"filedata":"aGk="}'),
            ("a payload, strange members, type last",
             '{"id":"x","offset":-1,"crc32":[],"filedata":"aGk=","type":"note"}'),
            ("another case", '{"type":"List","id":7}'), ("a space", '{"type":"list ","id":7}'),
        ]:
            yield Vector(f"unknown type from the {side}: {name}", "§4", side).good(text)
    for (side, kind) in TABLE:
        if kind != "hello" and side != "both":
            other = "server" if side == "client" else "client"
            yield Vector(f"{kind} of the {side}, from the {other}", "§4", other).good(
                sample(side, kind))
    yield Vector("a payload where none is called for", "§4").good(
        '{"type":"list","id":7,"filedata":"aGk="}')
    yield Vector("the same, first, beside members of a chunk", "§4").good(
        '{"filedata":"aGk=","type":"list","id":7,"offset":"x","crc32":1}')


@subject("members", "§4: missing members and members of the wrong type")
def wrong_members():
    for side, kind, table in kinds():
        full = sample(side, kind)
        for missing in full:
            if missing + "?" in table:
                continue
            text = compact({k: v for k, v in full.items() if k != missing})
            yield Vector(f"{kind} of the {side} without {missing}", "§4", side).bad(text)
        for member, sort in table.items():
            name = member.rstrip("?")
            if side == "server" and ("both", kind) in TABLE:
                continue  # as from the client
            nulls = [] if member.endswith("?") else ["null"]
            for value in WRONG[sort] + nulls:
                marked = compact({k: v for k, v in full.items()} | {name: "@"})
                before, behind = marked.split(f'"{name}":"@"')
                member = f'"{name}":{value}'
                spec = "§5.4" if sort == CRC and value.startswith('"') else "§4"
                yield Vector(f"{kind} of the {side}: {name} is {value}", spec, side).bad(
                    before + member + behind, (before, member + behind[:1]))
    for value in ("5", "null", "[]", "{}", "true"):
        member = f'"type":{value}'
        yield Vector(f"type is {value}", "§4").bad(
            f'{{{member},"id":7}}', ("{", member + ","))
        text = f'{{"id":7,"filedata":"aGk=",{member}}}'
        yield Vector(f"type is {value}, behind a payload", "§4").bad(text, f"{member}}}")
    for value in ("5", "null", "[]", '["aGk="]', "{}", "true"):
        before = '{"type":"chunk","id":1,"offset":0,"filedata":'
        yield Vector(f"filedata is {value}", "§4").bad(f"{before}{value}}}", (before, value))


def numbered(before, first, last, after):
    return {"numbers": [first, last], "before": before.encode().hex(), "after": after.encode().hex()}


@subject("counted", "§3.4: how members are counted; each limit at n-1, n and n+1")
def counted():
    most = 65_536
    for count in (most - 1, most, most + 1):
        # type and id are two of them.
        vector = Vector(f"{count} members of one object", "§3.4", limit=END_LIMIT - 1)
        yield vector.many(numbered(',"', 3, count, '":0'), count <= most)
        # Of two objects, one in the other: all that are open count.
        half = most // 2
        vector = Vector(f"{count} members of nested objects", "§3.4", limit=END_LIMIT - 1)
        outer = numbered(',"', 4, count - half, '":0')
        inner = numbered(',"', 2, half, '":0')
        yield vector.many(outer, count <= most, ',"x":{"a":0', inner, "}")
        # A name with escapes counts one more for each 16 bytes of it.
        vector = Vector(f"a name with escapes that counts {count - 2}", "§3.4", limit=END_LIMIT - 1)
        length = (count - 3) * 16
        yield vector.many(',"\\n', count <= most, ("x", length - 1), '":0')
        vector = Vector(f"the same, 15 bytes longer: {count}", "§3.4", limit=END_LIMIT - 1)
        yield vector.many(',"\\n', count <= most, ("x", length + 14), '":0')
    vector = Vector("objects that are closed do not count", "§3.4", limit=END_LIMIT - 1)
    half = numbered(',"', 2, 40_000, '":0')
    yield vector.many(',"x":[{"a":0', True, half, '},{"a":0', half, "}]")
    vector = Vector("a name without escapes counts one, however long", "§3.4", limit=END_LIMIT - 1)
    yield vector.many(',"', True, ("x", 1_000_000), '":0')


# ---- §5 ------------------------------------------------------------------------------------------

CHUNK = '{"type":"chunk","id":1,"offset":0,"filedata":"'


@subject("payload", "§5: strict base64, escapes in it, lengths")
def payload():
    yield Vector("the example of §5", "§5", "server").good(
        '{"type":"file","id":1,"name":"hi","size":2,"modified":"2026-11-21T18:43:00Z",'
        '"etag":"2-1f","offset":0}').good(
        '{"type":"chunk","id":1,"offset":0,"crc32":"d8932aac","filedata":"aGk="}').good(
        '{"type":"end","id":1,"size":2,"digest":null}')
    every = Vector("lengths 1 to 70", "§5.3")
    for length in range(1, 71):
        raw = bytes((i * 37 + length) & 255 for i in range(length))
        every.good(sample("client", "chunk") | {
            "filedata": base64.b64encode(raw).decode(), "crc32": f"{zlib.crc32(raw):08x}"})
    yield every
    raw = bytes(range(256))
    yield Vector("every byte", "§5.3").good(CHUNK + base64.b64encode(raw).decode() + '"}')
    for length, limit in [(48_000, HELLO_LIMIT), (196_608, DEFAULT_LIMIT)]:
        message = compact(sample("client", "chunk") | {
            "filedata": "@", "crc32": f"{zlib.crc32(bytes(length)):08x}"})
        before, behind = message.split("@")
        yield Vector(f"{length} bytes", "§5.2", limit=limit).good(
            before, ("AAAA", length // 3), behind)
        yield Vector(f"{length} bytes, first", "§5.2", limit=limit).good(
            '{"filedata":"', ("/+/+", length // 3), '","offset":0,"id":1,"type":"chunk"}')
    good = [
        ("\\/\\/\\/\\/", "PHP"), ("\\u002b\\u002B++", ".NET"), ("Z\\u0067\\u003d=", "padding"),
        ("\\u0041\\u0042\\u0043\\u0044", "all"), ("Zm9v\\/\\/\\/\\/Zm9v", "in the middle"),
    ]
    for text, name in good:
        yield Vector(f"escapes: {name}", "§5.3").good(CHUNK + text + '"}')
    bad = [  # what comes before the culprit, the culprit, what comes behind
        ("Zg", '"', ""), ("Z", '"', ""), ("Zm9", '"', ""), ("Zg=", '"', ""), ("Zm9vZg=", '"', ""),
        ("Z", "h=", "="), ("Zm", "9=", ""), ("Zm", "H=", ""), ("", "=", "==="), ("Z", "=", "=="),
        ("Zm9v", "=", "==="), ("Zg==", "Z", "g=="), ("Zg==", "=", ""), ("Zg=", "a", ""),
        ("Zm8=", "Z", ""), ("", " ", "Zg=="), ("Zg==", " ", ""), ("Zm9v", " ", "Zm9v"),
        ("Zm9", "-", ""), ("Zm9", "_", ""), ("", "!", ""), ("Zm9v", "é", "AAA"),
        ("Zm", "\x7f", "v"),
        ("Zm9v", "\n", ""), ("Zm9v", "\0", ""), ("Zm9v" * 40, ".", "Zm9v" * 40),
        ("Zm9v", "\\n", ""), ("Zm9v", "\\u0000", "AAA"), ("Zm9v", "\\u0100", "AAA"),
        ("Zm9v", "\\q", "AAA"), ("Zm9v", "\\u00g", "0AAA"), ("Zm9v", "\\\"", "AA"),
        ("Zm9v", "\\ud83d\\ude00", "AA"), ("Zg", "\\u003d", '"}'),
    ]
    for before, what, behind in bad:
        name = f"{before[:20]}{what}{behind[:20]}"
        if (before, what) == ("Zg", "\\u003d"):  # one = where two belong
            what, behind, before = '"', "}", before + what
        text = CHUNK + before + what + behind + '"}'
        yield Vector(f"base64: {name!r}", "§5.3").bad(text, (CHUNK + before, what.encode()[:6]))
    yield Vector("invalid UTF-8 in the payload", "§5.3").bad(
        CHUNK.encode() + b"Zm\xff9" + b'"}', (CHUNK.encode() + b"Zm", b"\xff"))
    yield Vector("bad base64, first", "§5.3").bad(
        '{"filedata":"Zh==","id":1,"offset":0,"type":"chunk"}', ('{"filedata":"Z', "h="))
    yield Vector("no bytes", "§5.2").bad(CHUNK + '"}')
    yield Vector("no bytes, first", "§5.2").bad(
        '{"filedata":"","id":1,"offset":0,"type":"chunk"}')
    yield Vector("bad JSON behind a good payload", "§3.4").bad(
        CHUNK + 'Zg==","x":tru}', (CHUNK + 'Zg==","x":', "tru}"))


# ---- what a whole server has to answer -----------------------------------------------------------

HELLO = sample("client", "hello")
EMPTY = {"answer": {"type": "entries", "id": 7, "entries": [], "more": False}}


def connection(name, spec, hello=HELLO, limit=DEFAULT_LIMIT, **answer):
    vector = Vector(name, spec, layer="connection", limit=limit)
    return vector.good(hello, **answer) if hello else vector


def error(code, id=None, fatal=False):
    return {"answer": {"type": "error", "id": id, "code": code, "fatal": fatal}}


def get(name, id=1, **more):
    return {"type": "get", "id": id, "name": name} | more


def put(etag):
    return {"type": "put", "id": 1, "name": "a", "size": 3, "etag": etag}


@subject("hello", "§4.1, §4.2, §8.1: the first message, as a server has to answer it")
def hellos():
    ok = {"answer": {"type": "hello", "version": 1, "digest": "blake3", "max_frame": DEFAULT_LIMIT}}
    yield connection("hello", "§4.1", HELLO, **ok)
    for max_frame in (HELLO_LIMIT - 1, HELLO_LIMIT, HELLO_LIMIT + 1, END_LIMIT - 1, END_LIMIT, 0,
                      1 << 32, U64):
        hello = HELLO | {"max_frame": max_frame}
        if HELLO_LIMIT <= max_frame < END_LIMIT:
            yield connection(f"max_frame {max_frame}", "§4.2", hello, **ok)
        else:
            yield connection(f"max_frame {max_frame}", "§4.2", None).bad(compact(hello))
    for length in (0, 15, 16, 17, 63, 64, 65):
        hello = HELLO | {"nonce": "0f" * length}
        if 16 <= length <= 64:
            yield connection(f"nonce of {length} bytes", "§8.1", hello, **ok)
        else:
            yield connection(f"nonce of {length} bytes", "§8.1", None).bad(compact(hello))
    for nonce in ("0F" * 16, "0f" * 16 + "0", "0g" * 16, " f" * 16, "é" * 16):
        hello = HELLO | {"nonce": nonce}
        yield connection(f"nonce {nonce[:2]}, {len(nonce)}", "§8.1", None).bad(compact(hello))
    for digests, chosen in [(["none"], "none"), (["sha256", "blake3"], "sha256"),
                            (["md5", "none"], "none"), (["BLAKE3", "sha256"], "sha256"),
                            (["blake3", "blake3"], "blake3")]:
        answer = {"answer": ok["answer"] | {"digest": chosen}}
        yield connection(f"digests {digests}", "§4.2", HELLO | {"digests": digests}, **answer)
    for more in ({"digests": []}, {"digests": ["md5"]}, {"versions": []}, {"versions": [2]},
                 {"versions": [0, 2, U64]}):
        yield connection(f"nothing common: {more}", "§4.2", HELLO | more,
                         **error("unsupported", fatal=True))
    yield connection("versions 2 and 1", "§4.2", HELLO | {"versions": [2, 1]}, **ok)
    for kind in ("list", "get", "auth", "chunk", "cancel"):
        yield connection(f"{kind} before hello", "§4.1", None).good(
            sample("client", kind), **error("unexpected", fatal=True))
    yield connection("an unknown type before hello", "§4", None).good(
        {"type": "note", "id": 7}, **error("unexpected", fatal=True))
    yield connection("a second hello", "§9").good(HELLO, **error("unexpected", fatal=True))
    yield connection("auth that nobody wants", "§9").good(
        sample("client", "auth"), **error("unexpected", fatal=True))
    for length in (HELLO_LIMIT - 1, HELLO_LIMIT):
        text = compact(HELLO)
        yield connection(f"a hello of {length} bytes", "§3.3", None).good(
            text, (" ", length - len(text)))
    yield connection("a hello of 65537 bytes", "§3.3", None).prefix(HELLO_LIMIT + 1).error(
        "too_large", (0, 3), "§3.3")
    for agreed in (HELLO_LIMIT, 70_000, DEFAULT_LIMIT):
        hello = HELLO | {"max_frame": agreed}
        for length in (agreed - 1, agreed):
            yield connection(f"a frame of {length} where {agreed} are agreed", "§3.3", hello).good(
                LIST, (" ", length - len(LIST)), **EMPTY)
        vector = connection(f"a frame of {agreed + 1} where {agreed} are agreed", "§3.3", hello)
        at = vector.at
        yield vector.prefix(agreed + 1).error("too_large", (at, at + 3), "§3.3")
    vector = connection("what the client alone would take is not agreed", "§3.3",
                        HELLO | {"max_frame": END_LIMIT - 1})
    at = vector.at
    yield vector.prefix(DEFAULT_LIMIT + 1).error("too_large", (at, at + 3), "§3.3")


@subject("requests", "§4.3, §4.4, §10: ids, etags, names, as a server without files has to answer")
def requests():
    absent, read_only = error("not_found", 1), error("read_only", 1)
    yield connection("list", "§4.6").good(LIST, **EMPTY)
    long = ["ab/" * 340 + "abc", "ab/" * 340 + "abcd", "x" * 254, "x" * 255, "é" * 127,
            "é" * 127 + "x", "a/" + "x" * 255]
    assert [len(n) for n in long[:2]] == [1023, 1024] and len(long[5].encode()) == 255
    plain = ["a", "a b", "é/ü", "..a", "a..", "...", "汉😀", "-", "~", "a/b/c", "C:", ".wirewright",
             "a.wirewright-x", "\u00a0", "\u2028"]
    for name in plain + long:
        yield connection(f"name {name[:12]!r} of {len(name.encode())}", "§10").good(
            get(name), **absent)
    long = ["ab/" * 340 + "abcde", "x" * 256, "é" * 128, "a/" + "x" * 256]
    assert len(long[0]) == 1025
    odd = ["", "/", "/a", "a/", "a//b", ".", "..", "../x", "a/../b", "a/.", "./a", "a\\b", "a\0",
           "é\n", "\x7f", "\x80", "a/\x85", "\x9f", "\x1f", ".wirewright-1.part", "d/.wirewright-x",
           "/etc/passwd", "..\\x", ".wirewright-"]
    for name in odd + long:
        yield connection(f"bad name {name[:12]!r} of {len(name.encode())}", "§10").good(
            get(name), **error("bad_name", 1))
        yield connection(f"bad name {name[:12]!r} of {len(name.encode())}, put", "§10").good(
            put("e") | {"name": name}, **error("bad_name", 1))
    for etag in ("!", "~", "x" * 127, "x" * 128, '"a"', "\\"):
        yield connection(f"put with etag {etag[:3]} of {len(etag)}", "§4.4").good(
            put(etag), **read_only)
        yield connection(f"get with etag {etag[:3]} of {len(etag)}", "§4.4").good(
            get("a", offset=3, etag=etag), **absent)
    for etag in ("", " ", "a b", "\x7f", "é", "x" * 129, "a\0", "a\n"):
        text = compact(put(etag))
        yield connection(f"put with etag {etag[:3]!r} of {len(etag)}", "§4.4").bad(text)
        text = compact(get("a", offset=3, etag=etag))
        yield connection(f"get with etag {etag[:3]!r} of {len(etag)}", "§4.4").bad(text)
    yield connection("ids rise", "§4.3").good(get("a", 1), **error("not_found", 1)).good(
        get("a", 2), **error("not_found", 2)).good(get("a", U64), **error("not_found", U64))
    for first, second in [(0, None), (1, 1), (2, 1), (U64, 1), (5, 0)]:
        vector = connection(f"id {second} behind {first}", "§4.3")
        if second is not None:
            vector.good(get("a", first), **error("not_found", first))
        yield vector.bad(compact(get("a", first if second is None else second)))
    yield connection("a bad name uses its id up", "§4.3").good(
        get("..", 3), **error("bad_name", 3)).bad(compact(get("a", 3)))
    yield connection("an unknown type, then a request", "§4").good(
        '{"type":"note","id":1}', **error("unknown_type", 1)).good(get("a", 1), **absent)
    yield connection("cancel of what never was", "§4.5").good('{"type":"cancel","id":9}').good(
        get("a", 1), **absent)
    yield connection("cancel of what was answered", "§4.5").good(get("a", 1), **absent).good(
        '{"type":"cancel","id":1}').good(get("a", 2), **error("not_found", 2))
    yield connection("a chunk of what was refused is dropped", "§4").good(
        put("e"), **read_only).good(sample("client", "chunk") | {"id": 1}).good(
        sample("client", "end") | {"id": 1}).good(get("a", 2), **error("not_found", 2))
    for kind in ("chunk", "end"):
        yield connection(f"{kind} of a request that was never made", "§9").good(
            sample("client", kind), **error("unexpected", fatal=True))


@subject("faults", "§9.1, §12: faults behind requests, types of the other side; form before place")
def faults():
    def asked(name, spec="§9"):
        return connection(name, spec).good(get("a", 1), **error("not_found", 1)).good(
            LIST, **EMPTY).good(put("e") | {"id": 8}, **error("read_only", 8)).good(
            get("..", 9), **error("bad_name", 9))
    vector = asked("another protocol behind four requests")
    at = vector.at
    yield vector.raw(b"GET / HTTP/1.1\r\n").error("malformed", at, "§3.2")
    vector = asked("a frame that is too long behind four requests")
    at = vector.at
    yield vector.prefix(END_LIMIT - 1).error("too_large", (at, at + 3), "§3.3")
    yield asked("a list behind four requests, its id used").bad(compact({"type": "list", "id": 9}))
    yield asked("a message without members behind four requests").bad('{"type":"get"}')
    for side, kind in TABLE:
        if side == "server" and kind != "hello":
            other = sample("server", kind)
            yield asked(f"{kind}, which is the server's", "§12").good(
                other, **error("unexpected", fatal=True))
            yield connection(f"{kind}, which is the server's, before hello", "§12", None).good(
                other, **error("unexpected", fatal=True))
    hexes = "0" * 64
    for text in ("", hexes, f"md5:{hexes}", f"none:{hexes}", f"sha256:{hexes[1:]}",
                 f"sha256:{hexes}0", f"sha256:{hexes[1:]}A", f"SHA256:{hexes}", "sha256"):
        message = {"type": "end", "id": 8, "size": 3, "digest": text}
        yield asked(f"an end with the digest {text[:9]!r} of {len(text)}", "§6.1").bad(
            compact(message))
    for text in (f"sha256:{hexes}", f"blake3:{hexes}"):
        message = {"type": "end", "id": 8, "size": 3, "digest": text}
        yield asked(f"an end of a put that was refused, {text[:6]}", "§5.6").good(message)
    yield asked("no bytes, of a put that was refused", "§5.2").bad(
        '{"type":"chunk","id":8,"offset":0,"filedata":""}')
    for more in ({"offset": 1}, {"offset": 1, "etag": None}, {"offset": U64}):
        yield connection(f"an offset without an etag: {more}", "§7.2").bad(
            compact(get("a") | more))
    for more in ({"offset": 0}, {"offset": None}, {"etag": "e"}, {"offset": 1, "etag": "e"}):
        yield connection(f"offset and etag: {more}", "§7.2").good(
            get("a") | more, **error("not_found", 1))
    # The form is judged before the place.
    for before in (None, HELLO):
        for bad in (get("a", 1, offset=1), get("a", 0), put(""), {"type": "list", "id": 0},
                    {"type": "done", "id": 1, "size": 1, "digest": "x", "durability": "fsync"},
                    {"type": "entries", "id": 1, "entries": [], "more": True}):
            when = "behind hello" if before else "before hello"
            yield connection(f"{compact(bad)} {when}", "§4", before).bad(compact(bad))


@subject("limits", "§13: the limits of the hello; each at n-1, n and n+1")
def limits():
    def around(name, limit, make):
        for count in (limit - 1, limit, limit + 1):
            hello = HELLO | make(count)
            if count <= limit:
                yield connection(f"{name}: {count}", "§13", hello)
            else:
                vector = connection(f"{name}: {count}", "§13", None)
                start = vector.body(compact(hello))
                yield vector.error("too_large", (start, vector.at - 1), "§13")
    yield from around("agent", 256, lambda n: {"agent": "x" * n})
    yield from around("agent of two bytes a character", 128, lambda n: {"agent": "é" * n})
    yield from around("versions", 32, lambda n: {"versions": list(range(n))})
    yield from around("digests", 32, lambda n: {
        "digests": [f"d{i}" for i in range(n - 1)] + ["none"]})
    yield from around("the name of a digest", 32, lambda n: {"digests": ["x" * n, "none"]})


# ---- the dialogues of §16 ------------------------------------------------------------------------

DIALOGUES = []
MODIFIED = "2026-11-21T18:43:00Z"


def dialogue(name, spec, lines, outcome, **world):
    """Lines as `C {…}` and `S {…}`; what the client makes of it; files, puts, token, pages."""
    DIALOGUES.append({"name": name, "spec": f"PROTOCOL {spec}"} | world |
                     {"lines": [line.split(" ", 1) for line in lines], "outcome": outcome})


def sha256(text):
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def etag(text):
    return f"{len(text)}-{zlib.crc32(text.encode()):08x}"


def chunk(side, id, text, offset=0, upto=None):
    raw = text.encode()[offset:upto]
    return f"{side} " + compact({"type": "chunk", "id": id, "offset": offset,
                                 "crc32": f"{zlib.crc32(raw):08x}",
                                 "filedata": base64.b64encode(raw).decode()})


def end(side, id, text, digest=None):
    return f"{side} " + compact({"type": "end", "id": id, "size": len(text),
                                 "digest": digest or sha256(text)})


def file(id, name, text, offset=0):
    return "S " + compact({"type": "file", "id": id, "name": name, "size": len(text),
                           "modified": MODIFIED, "etag": etag(text), "offset": offset})


def done(id, text):
    return "S " + compact({"type": "done", "id": id, "size": len(text), "digest": sha256(text),
                           "durability": "fsync"})


def put_line(id, name, text):
    return "C " + compact({"type": "put", "id": id, "name": name, "size": len(text),
                           "etag": etag(text), "overwrite": False})


def get_line(id, name, **more):
    return "C " + compact({"type": "get", "id": id, "name": name} | more)


def ready(id, offset):
    return "S " + compact({"type": "ready", "id": id, "offset": offset})


def error_line(id, code, text, fatal=False):
    return "S " + compact({"type": "error", "id": id, "code": code, "text": text, "fatal": fatal})


C_NONCE, S_NONCE = "00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"
C_HELLO = compact({"type": "hello", "versions": [1], "max_frame": DEFAULT_LIMIT,
                   "digests": ["sha256"], "nonce": C_NONCE})
S_HELLO = compact({"type": "hello", "version": 1, "max_frame": DEFAULT_LIMIT, "digest": "sha256"})
S_HELLO_TOKEN = S_HELLO[:-1] + f',"nonce":"{S_NONCE}"}}'
GREETING = [f"C {C_HELLO}", f"S {S_HELLO}"]


def framed(text):
    return len(text.encode()).to_bytes(4, "big") + text.encode()


def mac(who, token, client, server):
    whole = f"wirewright v1 {who}".encode() + b"\0" + framed(client) + framed(server)
    return hmac.new(token.encode(), whole, "sha256").hexdigest()


def dialogues():
    hi, hello = "hi", "Hello, world!"
    proof = {who: mac(who, "secret", C_HELLO, S_HELLO_TOKEN) for who in ("client", "server")}
    dialogue("token", "§8", [
        f"C {C_HELLO}", f"S {S_HELLO_TOKEN}",
        "C " + compact({"type": "auth", "mac": proof["client"]}),
        "S " + compact({"type": "welcome", "mac": proof["server"]}),
        get_line(1, "hi"), file(1, "hi", hi), chunk("S", 1, hi), end("S", 1, hi)],
        ["welcome", f"received 1 {sha256(hi)}"], files={"hi": hi}, token="secret")
    dialogue("a get that goes on", "§7.2", GREETING + [
        get_line(1, "a", offset=6, etag=etag(hello)), file(1, "a", hello, 6),
        chunk("S", 1, hello, 6), end("S", 1, hello)],
        ["welcome", f"received 1 {sha256(hello)}"], files={"a": hello}, have={"1": hello[:6]})
    dialogue("a put that goes on", "§7.3", GREETING + [
        put_line(1, "a", hello), ready(1, 6), chunk("C", 1, hello, 6), end("C", 1, hello),
        done(1, hello)],
        ["welcome", "ready 1 from 6", f"done 1 {sha256(hello)} fsync"], files={},
        unfinished={"a": hello[:6]}, puts={"1": hello})
    dialogue("cancel", "§4.5", GREETING + [
        put_line(1, "a", hello), ready(1, 0), chunk("C", 1, hello, 0, 6),
        'C {"type":"cancel","id":1}', error_line(1, "cancelled", "as asked"),
        put_line(2, "a", hello), ready(2, 0), chunk("C", 2, hello), end("C", 2, hello),
        done(2, hello)],
        ["welcome", "ready 1 from 0", "failed 1 cancelled", "ready 2 from 0",
         f"done 2 {sha256(hello)} fsync"], files={}, puts={"1": hello, "2": hello})
    dialogue("changed", "§7.2", GREETING + [
        get_line(1, "a", offset=5, etag=etag("Hallo")),
        error_line(1, "changed", "it is another version now"), get_line(2, "a"),
        file(2, "a", hello), chunk("S", 2, hello), end("S", 2, hello)],
        ["welcome", "failed 1 changed", f"received 2 {sha256(hello)}"], files={"a": hello},
        have={"1": "Hallo"})
    entry = {name: {"name": name, "size": len(name), "modified": MODIFIED}
             for name in ("a", "b/cc", "d")}
    dialogue("pages of a listing", "§4.6", GREETING + [
        'C {"type":"list","id":1}',
        "S " + compact({"type": "entries", "id": 1, "entries": [entry["a"], entry["b/cc"]],
                        "more": True}),
        "S " + compact({"type": "entries", "id": 1, "entries": [entry["d"]], "more": False})],
        ["welcome", "entries 1 [a b/cc] more true", "entries 1 [d] more false"],
        files={name: name for name in entry}, page=2)
    dialogue("a put of what is there", "§7.3", GREETING + [
        put_line(1, "a", hello), ready(1, 13), end("C", 1, hello), done(1, hello),
        put_line(2, "a", hello.upper()), ready(2, 13), end("C", 2, hello.upper()),
        error_line(2, "exists", "a file of that name exists, with other content"),
        put_line(3, "a", hi), error_line(3, "exists", "a file of that name exists")],
        ["welcome", "ready 1 from 13", f"done 1 {sha256(hello)} fsync", "ready 2 from 13",
         "failed 2 exists", "failed 3 exists"], files={"a": hello},
        puts={"1": hello, "2": hello.upper(), "3": hi})
    dialogue("a fault behind requests", "§9", GREETING + [
        get_line(1, "hi"), put_line(2, "new", hello), 'C {"type":"list","id":3}', "C [1]",
        file(1, "hi", hi), chunk("S", 1, hi), end("S", 1, hi), ready(2, 0),
        error_line(2, "cancelled", "the connection failed"),
        "S " + compact({"type": "entries", "id": 3, "entries": [
            {"name": "hi", "size": 2, "modified": MODIFIED}], "more": False}),
        error_line(None, "malformed", "one JSON object", True)],
        None, files={"hi": hi})
    lines = ",\n".join(compact(one) for one in DIALOGUES)
    about = "the dialogues of §16: what a client and a server say, line by line"
    FILES["dialogues"] = f'{{"about":{json.dumps(about, ensure_ascii=False)},"dialogues":[\n{lines}\n]}}\n'


def main():
    dialogues()
    wrong = []
    for name, text in FILES.items():
        path = HERE / f"{name}.json"
        if "--check" in sys.argv:
            wrong += [name] if not path.exists() or path.read_text("utf-8") != text else []
        else:
            path.write_text(text, "utf-8")
            print(f"{name}.json: {len(text)} bytes")
    if wrong:
        raise SystemExit(f"not as generated: {', '.join(wrong)}")


main()
