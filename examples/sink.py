#!/usr/bin/env python3
"""The server of the mail examples: SMTP with the standard library. It accepts every message and
prints the sender, the recipients, and the message as Python's `email` reads it.

    python3 examples/sink.py [PORT]

It has neither TLS nor AUTH, so it listens on loopback only. The default port is 2525; 0 picks a
free one.
"""
import email
import email.policy
import socketserver
import sys


class Visit(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        self.say("220 sink.example ready")
        sender, receivers = "", []
        for line in self.rfile:
            verb, _, rest = line.decode().strip().partition(" ")
            address = rest.partition("<")[2].partition(">")[0]
            if verb == "EHLO":
                self.say("250-sink.example\r\n250-PIPELINING\r\n250 8BITMIME")
            elif verb == "MAIL":
                sender, receivers = address, []
                self.say("250 2.1.0 Ok")
            elif verb == "RCPT":
                receivers.append(address)
                self.say("250 2.1.5 Ok")
            elif verb == "DATA":
                self.say("354 go on, and end with a lone dot")
                show(sender, receivers, self.message())
                self.say("250 2.0.0 taken")
            elif verb == "QUIT":
                return self.say("221 2.0.0 bye")
            else:
                self.say("502 5.5.1 not here")

    def message(self):
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            # A line that begins with a dot travels with two (RFC 5321 §4.5.2).
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)


def show(sender, receivers, octets):
    message = email.message_from_bytes(octets, policy=email.policy.default)
    print("from %s to %s: %s bytes" % (sender, ", ".join(receivers), len(octets)))
    print("%s -> %s: %s" % (message["from"], message["to"], message["subject"]))
    body = message.get_body(("plain",))
    print("text: " + (body.get_content().strip() if body else ""))
    for part in message.iter_attachments():
        content = part.get_payload(decode=True)
        kind = part.get_content_type()
        print("file: %s, %s, %s bytes" % (part.get_filename(), kind, len(content)))
    sys.stdout.flush()


class Sink(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 2525
    with Sink(("127.0.0.1", port), Visit) as sink:
        print("listening on 127.0.0.1:%d" % sink.server_address[1], flush=True)
        sink.serve_forever()
