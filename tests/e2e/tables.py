"""Reads HBase tables through a Thrift2 gateway with a client made from HBase's own IDL, out of its jar."""
import glob
import os
import pathlib
import subprocess
import sys
import zipfile

CACHE = pathlib.Path(os.environ.get("GUIDEPOST_CACHE") or
                     pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "guidepost")


def client_module(folder):
    """Generates the client into `folder` once, and imports it."""
    folder = pathlib.Path(folder)
    if not (folder / "gen-py" / "hbase").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        jar = glob.glob(str(CACHE / "hbase" / "hbase-thrift-*.jar"))[0]
        idl = folder / "hbase.thrift"
        idl.write_bytes(zipfile.ZipFile(jar).read("org/apache/hadoop/hbase/thrift2/hbase.thrift"))
        subprocess.run(["thrift", "--gen", "py", "-o", str(folder), str(idl)], check=True)
    sys.path.insert(0, str(folder / "gen-py"))
    from hbase import THBaseService, ttypes
    return THBaseService, ttypes


class Tables:
    def __init__(self, gateway, folder):
        from thrift.protocol.TCompactProtocol import TCompactProtocolAccelerated
        from thrift.transport import TSocket, TTransport
        service, self.types = client_module(folder)
        host, _, port = gateway.rpartition(":")
        socket = TSocket.TSocket(host, int(port))
        socket.setTimeout(60_000)
        self.transport = TTransport.TFramedTransport(socket)
        self.client = service.Client(TCompactProtocolAccelerated(self.transport, fallback=True))
        self.transport.open()

    def close(self):
        self.transport.close()

    def names(self, prefix):
        found = self.client.getTableNamesByPattern(f"{prefix}.*".replace(".v", "[.]v"), False)
        return sorted(name.qualifier.decode() for name in found if name.qualifier.decode().startswith(prefix))

    def scan(self, table, columns=(), page=2000):
        """Rows as (key, {(family, qualifier): (timestamp, value)}), newest version only."""
        start = b""
        wanted = [self.types.TColumn(family=f, qualifier=q) for f, q in columns] or None
        while True:
            scan = self.types.TScan(startRow=start, columns=wanted, caching=page, limit=page)
            rows = self.client.getScannerResults(table.encode(), scan, page)
            for row in rows:
                yield row.row, {(c.family.decode(), c.qualifier): (c.timestamp, c.value) for c in row.columnValues}
            if len(rows) < page:
                return
            start = rows[-1].row + b"\0"
