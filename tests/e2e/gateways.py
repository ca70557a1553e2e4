"""Proxies that fail on demand, in front of both gateways and of the broker."""
import collections
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from tcp_proxy import TcpProxy


class Gateways:
    """A daemon reaches HBase through these where it is started with `**gateways.settings`."""

    def __init__(self, cluster):
        self.proxies = []
        for address in cluster.env["GUIDEPOST_HBASE__GATEWAYS"].split(","):
            host, _, port = address.rpartition(":")
            self.proxies.append(TcpProxy(host, int(port)))
        self.settings = {"hbase__gateways": ",".join(f"127.0.0.1:{proxy.port}" for proxy in self.proxies)}

    def order(self, line):
        for proxy in self.proxies:
            proxy.order(line)

    def stats(self):
        total = collections.Counter()
        for proxy in self.proxies:
            total.update(proxy.stats())
        return total

    def held_everywhere(self):
        return all(proxy.stats()["held"] > 0 for proxy in self.proxies)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for proxy in self.proxies:
            proxy.close()


class KafkaProxy(TcpProxy):
    """Daemons started with `**settings` reach the broker through this one alone: it sends them back to where this listens."""

    def __init__(self, cluster):
        ports = dict(line.split("=") for line in (cluster.folder / "ports").read_text().splitlines())
        super().__init__("127.0.0.1", int(ports["proxied"]), int(ports["proxy"]))
        self.settings = {"kafka__brokers": f"127.0.0.1:{self.port}"}
