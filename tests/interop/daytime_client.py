"""The chapter's client of the date-and-time server: connect, one recv, print."""
import socket
import sys

host, port = sys.argv[1].rsplit(":", 1)
client = socket.socket()
client.connect((host, int(port)))
print(client.recv(1024).decode("utf-8"))
client.close()
