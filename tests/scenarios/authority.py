"""A certificate authority of one scenario: pebble, with names that all lead to this machine unless they are told otherwise."""
import json
import os
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request

# The real client, which trusts this authority beside those of the system.
CLIENT = """#!/bin/sh
exec bwrap --dev-bind / / --ro-bind {bundle} /etc/ssl/certs/ca-certificates.crt {uacme} "$@"
"""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


class Authority:
    def __init__(self, folder, http_port, uacme):
        folder.mkdir()
        directory, management, dns, names = free_ports(4)
        key, own = folder / "key.pem", folder / "own.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=authority", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", own],
                       check=True, stderr=subprocess.DEVNULL)
        bundle = folder / "bundle.pem"
        with open("/etc/ssl/certs/ca-certificates.crt", encoding="ascii") as system:
            bundle.write_text(own.read_text() + system.read())
        self.client = CLIENT.format(bundle=bundle, uacme=uacme)
        (folder / "config.json").write_text(json.dumps({"pebble": {
            "listenAddress": f"127.0.0.1:{directory}", "managementListenAddress": f"127.0.0.1:{management}",
            "certificate": str(own), "privateKey": str(key), "httpPort": http_port, "tlsPort": 1, "ocspResponderURL": "",
            "externalAccountBindingRequired": False}}))
        self.directory = f"https://127.0.0.1:{directory}/dir"
        self.names = f"http://127.0.0.1:{names}"
        self.root = folder / "root.pem"
        self.log = open(folder / "log", "wb")
        dns = f"127.0.0.1:{dns}"
        self.processes = [
            self.begin(["pebble-challtestsrv", "-dns01", dns, "-http01", "", "-https01", "", "-tlsalpn01", "",
                        "-defaultIPv6", "", "-management", f"127.0.0.1:{names}"]),
            # It is asked to look each time, and without its pauses; the rest is as it comes, mischief too.
            self.begin(["pebble", "-config", str(folder / "config.json"), "-dnsserver", dns],
                       PEBBLE_VA_NOSLEEP="1", PEBBLE_AUTHZREUSE="0")]
        trust = ssl.create_default_context(cafile=own)
        self.root.write_bytes(self.fetch(f"https://127.0.0.1:{management}/roots/0", trust))

    def begin(self, command, **env):
        return subprocess.Popen(command, env=os.environ | env, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def fetch(self, url, trust):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust))
        limit = time.monotonic() + 20
        while True:
            try:
                return opener.open(url, timeout=5).read()
            except urllib.error.URLError:
                if time.monotonic() > limit:
                    raise
                time.sleep(0.05)

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()
        self.log.close()
