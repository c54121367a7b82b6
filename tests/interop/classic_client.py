#!/usr/bin/env python3
"""The chapter's client: recv(1024) to the end, json.loads, decode, write under the name it is told.

classic_client.py HOST:PORT DIR
It trusts the server with the name, as such scripts do: use it in tests only.
"""
import base64
import json
import os
import socket
import sys


def main(where, folder):
    host, port = where.rsplit(":", 1)
    client = socket.socket()
    client.connect((host.strip("[]"), int(port)))
    in_data = bytes()
    data = client.recv(1024)
    while data:
        in_data += data
        data = client.recv(1024)
    client.close()
    my_dict = json.loads(in_data.decode("utf-8"))
    filename = my_dict["filename"]
    filedata = my_dict["filedata"].encode("utf-8")
    with open(os.path.join(folder, filename), "wb") as f:
        f.write(base64.b64decode(filedata))
    print("saved", filename)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: classic_client.py HOST:PORT DIR")
    main(*sys.argv[1:])
