#!/usr/bin/env python3
"""The chapter's file server: FILE is encoded once, each client gets one JSON object, then the end.

classic_server.py FILE [--port 0] [--ascii 0|1] [--dribble]
"""
import argparse
import base64
import json
import os
import socket
from threading import Thread


class FileTransferHandler(Thread):
    def __init__(self, client, data, dribble):
        super().__init__(daemon=True)
        self.client, self.data, self.dribble = client, data, dribble

    def run(self):
        try:
            if self.dribble:  # one byte a segment
                self.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for i in range(len(self.data)):
                    self.client.send(self.data[i:i + 1])
            else:
                self.client.sendall(self.data)
        except ConnectionError:
            pass  # the client went away
        self.client.close()


parser = argparse.ArgumentParser()
parser.add_argument("file")
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--ascii", type=int, choices=[0, 1], default=1)
parser.add_argument("--dribble", action="store_true")
options = parser.parse_args()
with open(options.file, "rb") as f:
    filedata = base64.b64encode(f.read()).decode("utf-8")
message = {"filename": os.path.basename(options.file), "filedata": filedata}
data = json.dumps(message, ensure_ascii=bool(options.ascii)).encode("utf-8")
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", options.port))
server.listen(512)
print("listening on %s:%d" % server.getsockname(), flush=True)
while True:
    FileTransferHandler(server.accept()[0], data, options.dribble).start()
