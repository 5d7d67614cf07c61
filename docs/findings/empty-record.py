#!/usr/bin/env python3
"""Pass one connection on to a TLS server and put an empty ChangeCipherSpec record before the client's second record.

    python3 docs/findings/empty-record.py LISTEN_PORT SERVER_PORT
"""
import socket
import sys
import threading

EMPTY = bytes([20, 3, 3, 0, 0])


def answers(server, client):
    try:
        while data := server.recv(65536):
            client.sendall(data)
        client.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
        listener.settimeout(60)
        client, _ = listener.accept()
    server = socket.create_connection(("127.0.0.1", int(sys.argv[2])), 10)
    client.settimeout(10)
    threading.Thread(target=answers, args=(server, client), daemon=True).start()
    records, count = client.makefile("rb"), 0
    try:
        while len(header := records.read(5)) == 5:
            count += 1
            body = records.read(int.from_bytes(header[3:], "big"))
            server.sendall((EMPTY if count == 2 else b"") + header + body)
    except OSError:
        pass


if __name__ == "__main__":
    main()
