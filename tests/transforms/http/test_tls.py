"""Fault 23 and what else TLS must hold: certificates are always verified, and failures say why."""

import asyncio
import datetime as dt
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from schemas.dead_letters import Reason
from transforms.http.errors import FetchError
from transforms.http.response import Kind
from transforms.http.tls import verifying_context

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, folder):
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self.certificate = self._built(self.name, self.key, "ca.test", NOW - DAY, NOW + DAY, self.key)

    def trusting(self) -> ssl.SSLContext:
        context = verifying_context()
        context.load_verify_locations(
            cadata=self.certificate.public_bytes(serialization.Encoding.PEM).decode()
        )
        return context

    def serving(self, host, *, since=NOW - DAY, until=NOW + DAY, self_signed=False) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        certificate = self._built(name, key, host, since, until, key if self_signed else self.key)
        path = self.folder / f"{host}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _built(self, name, key, host, since, until, signer):
        is_authority = name == self.name
        issuer = self.name if signer is self.key else name
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(since)
            .not_valid_after(until)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
            )
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    key_cert_sign=is_authority,
                    crl_sign=is_authority,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(signer, hashes.SHA256())
        )


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"))


def test_a_good_certificate_is_taken(http, authority):
    """A certificate of a trusted authority, for the host and within its dates, is taken."""

    async def scenario():
        async with (
            http.Server({"/": http.reply(200, b"<rss/>")}, tls=authority.serving("site.test")) as server,
            http.client(server, ssl_context=authority.trusting()) as client,
        ):
            response = await client.fetch("https://site.test/", kind=Kind.FEED)
            assert response.url == "https://site.test/"

    http.play(scenario)


@pytest.mark.parametrize(
    ("served", "detail"),
    [
        ({"host": "site.test", "since": NOW - 9 * DAY, "until": NOW - DAY}, "expired"),
        ({"host": "site.test", "since": NOW + DAY, "until": NOW + 9 * DAY}, "not yet valid"),
        ({"host": "site.test", "self_signed": True}, "self-signed"),
        ({"host": "else.test"}, "not valid for 'site.test'"),
    ],
)
def test_fault_23_bad_certificates_are_refused_with_the_reason(http, authority, served, detail):
    """Expired, early, self-signed and for another host: tls, not worth another try, and no request is sent."""

    async def scenario():
        async with http.Server({"/": http.reply(200, b"secret")}, tls=authority.serving(**served)) as server:
            async with http.client(server, ssl_context=authority.trusting()) as client:
                with pytest.raises(FetchError) as caught:
                    await client.fetch("https://site.test/", kind=Kind.FEED)
                assert caught.value.reason is Reason.TLS
                assert detail in caught.value.detail
                assert not caught.value.retryable
            assert server.received == []

    http.play(scenario)


def test_fault_23_an_unknown_authority_is_refused(http, authority):
    """Without any context given, the system's authorities decide, and don't know this one."""

    async def scenario():
        async with http.Server(tls=authority.serving("site.test")) as server, http.client(server) as client:
            with pytest.raises(FetchError) as caught:
                await client.fetch("https://site.test/page", kind=Kind.PAGE)
            assert caught.value.reason is Reason.TLS

    http.play(scenario)


def test_fault_23_a_redirect_to_bad_tls_is_refused(http, authority):
    """A redirect from http to a host with a bad certificate ends as tls."""

    async def scenario():
        async with http.Server(tls=authority.serving("else.test")) as secure, http.Server() as plain:
            plain.answers["/"] = http.reply(301, headers={"Location": "https://other.test/"})
            fixed = (("site.test", "127.0.0.1", plain.port), ("other.test", "127.0.0.1", secure.port))
            async with http.client(ssl_context=authority.trusting(), static_hosts=fixed) as client:
                with pytest.raises(FetchError) as caught:
                    await client.fetch("http://site.test/", kind=Kind.FEED)
                assert caught.value.reason is Reason.TLS

    http.play(scenario)


def test_a_port_that_speaks_no_tls_is_tls(http, authority):
    """HTTPS to a server that answers in plain HTTP is tls."""

    async def plain(reader, writer):
        await reader.read(64)
        writer.write(http.reply(400))
        await writer.drain()
        writer.close()

    async def scenario():
        server = await asyncio.start_server(plain, "127.0.0.1", 0)
        fixed = (("site.test", "127.0.0.1", server.sockets[0].getsockname()[1]),)
        async with http.client(ssl_context=authority.trusting(), static_hosts=fixed) as client:
            with pytest.raises(FetchError) as caught:
                await client.fetch("https://site.test/", kind=Kind.FEED)
            assert caught.value.reason is Reason.TLS
        server.close()

    http.play(scenario)


def test_a_redirect_from_https_to_http_is_recorded(http, authority):
    """A redirect to plain HTTP is followed, and its hop is there to see."""

    async def scenario():
        async with (
            http.Server(
                {"/": http.reply(302, headers={"Location": "http://other.test/"})},
                tls=authority.serving("site.test"),
            ) as secure,
            http.Server({"/": http.reply(200, b"<rss/>")}) as plain,
        ):
            fixed = (("site.test", "127.0.0.1", secure.port), ("other.test", "127.0.0.1", plain.port))
            async with http.client(ssl_context=authority.trusting(), static_hosts=fixed) as client:
                response = await client.fetch("https://site.test/", kind=Kind.FEED)
                assert response.redirects[0].location == "http://other.test/"

    http.play(scenario)


@pytest.mark.parametrize(("certified", "reason"), [("site.test", None), ("else.test", Reason.TLS)])
def test_tls_is_verified_through_a_proxy_too(http, authority, certified, reason):
    """Through a proxy's tunnel the site's certificate is verified as without one, and the proxy sees no request."""
    asked = []

    async def pump(reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def scenario():
        async with http.Server({"/": http.reply(200, b"<rss/>")}, tls=authority.serving(certified)) as site:

            async def tunnel(reader, writer):
                asked.append((await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0])
                to_reader, to_writer = await asyncio.open_connection("127.0.0.1", site.port)
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
                await asyncio.gather(pump(reader, to_writer), pump(to_reader, writer), return_exceptions=True)

            proxy = await asyncio.start_server(tunnel, "127.0.0.1", 0)
            address = f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
            async with http.client(names=(), proxy=address, ssl_context=authority.trusting()) as client:
                if reason is None:
                    response = await client.fetch("https://site.test/", kind=Kind.FEED)
                    assert response.body == b"<rss/>"
                else:
                    error = await http.refusal(client, "https://site.test/")
                    assert error.reason is reason
                error = await http.refusal(client, "https://127.0.0.1/")
                assert error.reason is Reason.PRIVATE_ADDRESS
            proxy.close()
        assert asked == [b"CONNECT site.test:443 HTTP/1.1"]

    http.play(scenario)


def test_the_default_context_verifies():
    """Nothing turns verification off."""
    context = verifying_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
