#!/usr/bin/env python3
"""aiosmtpd for the tests: `daemon.py starttls|tls|smtputf8`. It wants a login, appends what it
takes to the file `inbox`, and finds its certificate in the current folder. With `smtputf8` it
wants neither TLS nor a login, takes addresses in UTF-8, and appends envelopes to the file
`envelopes`. Prints `listening on ADDR:PORT`."""
import asyncio
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

PASSWORD = b"secret 147258"


class Inbox:
    async def handle_DATA(self, server, session, envelope):
        with open("inbox", "ab") as inbox:
            inbox.write(envelope.original_content)
        if envelope.smtp_utf8:
            with open("envelopes", "a", encoding="utf-8") as envelopes:
                print(envelope.mail_from, *envelope.rcpt_tos, file=envelopes)
        return "250 2.0.0 queued"


def authenticate(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and data.password == PASSWORD
    return AuthResult(success=good, handled=False)


async def main(kind):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("server.pem", "server.key")
    loop = asyncio.get_running_loop()
    starttls = kind == "starttls"
    smtputf8 = kind == "smtputf8"

    def session():
        return SMTP(
            Inbox(),
            hostname="mx.example",
            tls_context=context if starttls else None,
            require_starttls=starttls,
            auth_required=not smtputf8,
            enable_SMTPUTF8=smtputf8,
            auth_require_tls=starttls,
            authenticator=authenticate,
            loop=loop,
        )

    tls = context if kind == "tls" else None
    server = await loop.create_server(session, "127.0.0.1", 0, ssl=tls)
    print("listening on 127.0.0.1:%d" % server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main(sys.argv[1]))
