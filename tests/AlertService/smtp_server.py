"""A real SMTP server for tests: smtp_server.py CERTIFICATE|- USER|- PASSWORD|-. Says its port, then each mail as a line of JSON. Ends with its standard input."""
import asyncio
import json
import ssl
import sys
from email import policy
from email.parser import BytesParser

from aiosmtpd.smtp import SMTP, AuthResult


class Mails:
    refused = 0

    async def handle_DATA(self, server, session, envelope):
        mail = BytesParser(policy=policy.default).parsebytes(envelope.content)
        parts = {}
        for part in mail.walk():
            if part.get_content_maintype() == "text":
                parts[part.get_content_type()] = part.get_content()
        said = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None,
            "user": session.auth_data.decode() if session.auth_data else None,
            "subject": str(mail["subject"]),
            "headers": {name: str(value) for name, value in mail.items()},
            "parts": parts,
        }
        if "busy" in str(mail["subject"]) and Mails.refused < 1:
            Mails.refused += 1
            return "451 come back later"
        print(json.dumps(said), flush=True)
        return "250 OK"


class Server(SMTP):
    """RFC 4954: names of mechanisms may be written in any case, which this server does not know by itself."""

    async def smtp_AUTH(self, arg):
        mechanism, _, rest = arg.partition(" ")
        await super().smtp_AUTH(f"{mechanism.upper()} {rest}".strip())


def authenticator(user, password):
    def check(server, session, envelope, mechanism, data):
        good = data.login == user.encode() and data.password == password.encode()
        return AuthResult(success=good, handled=False, auth_data=data.login if good else None)

    return check


async def main():
    certificate, user, password = sys.argv[1:4]
    options = {}
    if certificate != "-":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        options.update(tls_context=context, require_starttls=True)
    if user != "-":
        options.update(authenticator=authenticator(user, password), auth_required=True)
    handler = Mails()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Server(handler, hostname="localhost", **options), "127.0.0.1", 0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
