#!/usr/bin/env python3
"""Send one ClientHello to a TLS server and print its first answer. Python 3.7 or newer, nothing else.

    python3 docs/findings/hello.py HOST:PORT [key=value ...]    values are hexadecimal, as on the wire

version=0303          legacy_version
suites=c02f,009c      cipher_suites
compression=00        compression_methods
versions=0304,0303    supported_versions
groups=001d,0017      supported_groups
shares=001d           groups of key_share; the value `empty` sends it without a share
schemes=0804,0403     signature_algorithms
What is not named is not sent, but for version, suites and compression, which have the values above.
"""
import os
import socket
import struct
import sys

P256 = bytes.fromhex(  # the generator, a point like any other
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
ALERTS = {0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 40: "handshake_failure",
          47: "illegal_parameter", 50: "decode_error", 51: "decrypt_error", 70: "protocol_version",
          71: "insufficient_security", 80: "internal_error", 86: "inappropriate_fallback",
          109: "missing_extension"}
MESSAGES = {2: "ServerHello", 11: "Certificate", 12: "ServerKeyExchange", 14: "ServerHelloDone"}
KEYS = {"version", "suites", "compression", "versions", "groups", "shares", "schemes"}
RETRY = "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"


def vector(data, size):
    return len(data).to_bytes(size, "big") + data


def extension(number, data):
    return struct.pack(">H", number) + vector(data, 2)


def numbers(text):
    return bytes.fromhex(text.replace(",", ""))


def share(group):
    key = {"001d": os.urandom(32), "0017": P256}[group]
    return bytes.fromhex(group) + vector(key, 2)


def hello(a):
    extensions = b""
    if "versions" in a:
        extensions += extension(43, vector(numbers(a["versions"]), 1))
    if "groups" in a:
        extensions += extension(10, vector(numbers(a["groups"]), 2))
    if "schemes" in a:
        extensions += extension(13, vector(numbers(a["schemes"]), 2))
    if "shares" in a:
        groups = [] if a["shares"] == "empty" else a["shares"].split(",")
        extensions += extension(51, vector(b"".join(map(share, groups)), 2))
    body = numbers(a.get("version", "0303")) + os.urandom(32) + vector(os.urandom(32), 1)
    body += vector(numbers(a.get("suites", "c02f,009c")), 2)
    body += vector(numbers(a.get("compression", "00")), 1)
    body += vector(extensions, 2) if extensions else b""
    return b"\x16\x03\x01" + vector(b"\x01" + vector(body, 3), 2)


def describe(kind, body, version):
    if kind == 12 and body[:1] == b"\x03" and len(body) > 6 + body[3]:
        end = 4 + body[3]
        scheme = f" scheme {body[end:end + 2].hex()}" if version == "0303" else ""
        return f"ServerKeyExchange group {body[1:3].hex()}{scheme}"
    if kind != 2 or len(body) < 38:
        return MESSAGES.get(kind, f"message {kind}")
    name = "HelloRetryRequest" if body[2:34].hex() == RETRY else "ServerHello"
    rest = body[35 + body[34]:]
    suite, rest, found = rest[:2].hex(), rest[5:], []
    while len(rest) >= 4:
        number, length = struct.unpack(">HH", rest[:4])
        found.append(f"{number}={rest[4:4 + length].hex()[:12]}")
        rest = rest[4 + length:]
    return f"{name} version {body[:2].hex()} suite {suite} extensions {' '.join(found) or 'none'}"


def main():
    if len(sys.argv) < 2 or ":" not in sys.argv[1] or not all("=" in word for word in sys.argv[2:]):
        sys.exit(__doc__)
    host, port = sys.argv[1].rsplit(":", 1)
    arguments = dict(word.split("=", 1) for word in sys.argv[2:])
    unknown = set(arguments) - KEYS
    if unknown:
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(sorted(KEYS))}")
    try:
        first = hello(arguments)
    except (KeyError, ValueError) as e:
        sys.exit(f"not understood: {e}; values are four hexadecimal digits, shares are 001d, 0017 or `empty`")
    with socket.create_connection((host, int(port)), 5) as s:
        s.settimeout(5)
        s.sendall(first)
        stream, handshake, version = b"", b"", ""
        try:
            while len(stream) < 1 << 20:
                data = s.recv(65536)
                if not data:
                    return print("closed")
                stream += data
                while len(stream) >= 5 and len(stream) >= 5 + int.from_bytes(stream[3:5], "big"):
                    end = 5 + int.from_bytes(stream[3:5], "big")
                    kind, record, stream = stream[0], stream[5:end], stream[end:]
                    if kind == 21 and len(record) == 2:
                        level = {1: "warning", 2: "fatal"}.get(record[0], "?")
                        return print(f"alert {level} {ALERTS.get(record[1], record[1])}")
                    if kind != 22:
                        return None  # ChangeCipherSpec of TLS 1.3: the rest is encrypted
                    handshake += record
                    while len(handshake) >= 4 and len(handshake) >= 4 + int.from_bytes(handshake[1:4], "big"):
                        end = 4 + int.from_bytes(handshake[1:4], "big")
                        kind, body, handshake = handshake[0], handshake[4:end], handshake[end:]
                        version = body[:2].hex() if kind == 2 else version
                        print(describe(kind, body, version))
                        if kind == 14:
                            return None
        except socket.timeout:
            print("silent for 5 seconds")
        except ConnectionError as e:
            print(f"connection broke: {e}")


if __name__ == "__main__":
    main()
