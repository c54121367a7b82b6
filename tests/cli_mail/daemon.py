#!/usr/bin/env python3
"""aiosmtpd for the tests: `daemon.py starttls|tls`. It wants a login, appends what it takes to the
file `inbox`, and finds its certificate in the current folder. Prints `listening on ADDR:PORT`."""
import asyncio
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

PASSWORD = b"secret 147258"


class Inbox:
    async def handle_DATA(self, server, session, envelope):
        with open("inbox", "ab") as inbox:
            inbox.write(envelope.original_content)
        return "250 2.0.0 queued"


def authenticate(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and data.password == PASSWORD
    return AuthResult(success=good, handled=False)


async def main(kind):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("server.pem", "server.key")
    loop = asyncio.get_running_loop()
    starttls = kind == "starttls"

    def session():
        return SMTP(
            Inbox(),
            hostname="mx.example",
            tls_context=context if starttls else None,
            require_starttls=starttls,
            auth_required=True,
            auth_require_tls=starttls,
            authenticator=authenticate,
            loop=loop,
        )

    server = await loop.create_server(session, "127.0.0.1", 0, ssl=None if starttls else context)
    print("listening on 127.0.0.1:%d" % server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main(sys.argv[1]))
