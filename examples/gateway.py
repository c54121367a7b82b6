#!/usr/bin/env python3
"""A stand-in for the two services of the chapter: the API that names pictures, and the gateway
that sends text messages. Standard library only.

    python3 examples/gateway.py [PORT]        127.0.0.1:8000 by default; 0 picks a free port

    GET  /meinv/?key=APIKey&num=2             {"newslist": [{"picUrl": "http://…/1.png"}, …]}
    GET  /pictures/1.png                      a picture
    POST /webservice/sms.php?method=Submit    {"code": 2, "msg": "提交成功", "smsid": "…"}
"""
import json
import re
import struct
import sys
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


def png(size, shade):
    """A square of one grey, as small as PNG allows."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = (b"\0" + bytes([shade]) * size) * size
    head = struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Gateway(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer_json(self, document):
        self.answer(200, "application/json; charset=utf-8", json.dumps(document).encode())

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path == "/meinv/":
            count = int(parse_qs(url.query).get("num", ["2"])[0])
            host = self.headers["Host"]
            self.answer_json({"code": 200, "newslist": [
                {"title": f"picture {at}", "picUrl": f"http://{host}/pictures/{at}.png"}
                for at in range(1, count + 1)]})
        elif re.fullmatch(r"/pictures/\d{1,9}\.png", url.path):
            at = int(re.search(r"\d+", url.path)[0])
            self.answer(200, "image/png", png(64, at % 256))
        else:
            self.answer(404, "text/plain", b"no such thing\n")

    def do_POST(self):
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        wanted = {"account", "password", "content", "mobile", "format"}
        wrong = sorted(wanted ^ form.keys())
        if not wrong:
            self.answer_json({"code": 2, "msg": "提交成功", "smsid": "16565055357273308920"})
        else:
            self.answer_json({"code": 405, "msg": "missing or not known: " + ", ".join(wrong)})

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    server = ThreadingHTTPServer(("127.0.0.1", port), Gateway)
    print(f"listening on 127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
