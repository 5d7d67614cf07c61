"""Python as a client under test, one connection per JSON line on standard input. Python 3.6 or later.

--library says which of its HTTPS clients: ssl (http.client, as urllib uses it), requests, or boto3. Each is used
as its documentation shows, with the CA of the request and no other TLS setting: the defaults are what is judged.

--minimum TLSv1.2 and --ciphers LIST stand for what a program can set itself, through an SSLContext of its own.
"""

import argparse
import http.client
import json
import ssl
import sys

TIMEOUT = 10  # seconds, per socket operation


def restrict(context, options):
    """Applies the options to a context. Without options it stays as it was made."""
    if options.minimum:
        if hasattr(ssl, "TLSVersion"):  # since Python 3.7
            context.minimum_version = ssl.TLSVersion.TLSv1_2
        else:
            context.options |= ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1
    if options.ciphers:
        context.set_ciphers(options.ciphers)
    return context


def connect_ssl(request, options):
    """A GET on a fresh default context: nothing to resume, no retry, proxy variables are not read."""
    context = restrict(ssl.create_default_context(cafile=request["ca_pem"]), options)
    connection = http.client.HTTPSConnection(request["host"], request["port"], timeout=TIMEOUT, context=context)
    try:
        connection.request("GET", "/", headers={"Connection": "close"})
        connection.getresponse().read()
    finally:
        connection.close()


def connect_requests(request, options):
    """A GET in a session of its own: requests does not retry, and nothing is pooled beyond the session."""
    import requests
    from urllib3.util.ssl_ import create_urllib3_context

    class Restricted(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *args, **kwargs):
            kwargs["ssl_context"] = restrict(create_urllib3_context(), options)
            super().init_poolmanager(*args, **kwargs)

    with requests.Session() as session:
        if options.minimum or options.ciphers:
            session.mount("https://", Restricted())
        session.get(request["url"], verify=request["ca_pem"], timeout=TIMEOUT, allow_redirects=False)


def connect_boto3(request, options):
    """An S3 get_object with a client, and so a connection pool, of its own; any body is a good answer.

    botocore makes its SSLContext itself and takes no setting for it, so there is nothing that options could do.
    """
    import boto3
    from botocore.config import Config

    config = Config(retries={"total_max_attempts": 1}, connect_timeout=TIMEOUT, read_timeout=TIMEOUT, proxies={})
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=request["url"],
        verify=request["ca_pem"],
        region_name="us-east-1",
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="made-up",
        config=config,
    )
    client.get_object(Bucket="shakedown", Key="key")["Body"].read()


LIBRARIES = {"ssl": connect_ssl, "requests": connect_requests, "boto3": connect_boto3}


def answer(line, options):
    """The result for one line. A bad server, or a bad line, must never end the worker."""
    result = {"case": None, "connected": False}
    try:
        request = json.loads(line)
        result["case"] = request.get("case")
        LIBRARIES[options.library](request, options)
        result["connected"] = True
    except Exception as error:
        result["error"] = " ".join("{}: {}".format(type(error).__name__, error).split())[:300]
    return result


def say(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--library", choices=sorted(LIBRARIES), default="ssl")
    parser.add_argument("--minimum", choices=["TLSv1.2"])
    parser.add_argument("--ciphers")
    options = parser.parse_args()
    version = sys.version.split()[0]
    if options.library != "ssl":
        version = __import__(options.library).__version__
    print("Python {}, {}".format(sys.version.split()[0], ssl.OPENSSL_VERSION))
    say({"ready": True, "version": version})
    for line in iter(sys.stdin.readline, ""):
        if line.strip():
            say(answer(line, options))


if __name__ == "__main__":
    main()
