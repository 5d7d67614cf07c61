#!/usr/bin/env python3
"""Complete many TLS 1.2 handshakes with DHE and count those that fail.

    python3 docs/findings/dhe.py HOST:PORT CA.pem COUNT
"""
import collections
import socket
import ssl
import sys


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    host, port = sys.argv[1].rsplit(":", 1)
    context = ssl.create_default_context(cafile=sys.argv[2])
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384")
    completed, failed = 0, collections.Counter()
    for _ in range(int(sys.argv[3])):
        try:
            with socket.create_connection((host, int(port)), 10) as s:
                with context.wrap_socket(s, server_hostname="localhost"):
                    completed += 1
        except OSError as e:  # ssl.SSLError is one
            failed[str(e)] += 1
    print(f"{ssl.OPENSSL_VERSION}: {completed} completed, {sum(failed.values())} failed")
    for reason, count in failed.most_common():
        print(f"  {count} {reason}")


if __name__ == "__main__":
    main()
