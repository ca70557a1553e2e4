#!/usr/bin/env python3
"""Waits until a server of the local cluster answers a real request.

usage: ready.py NAME PORT [--pid PID] [--log FILE] [--deadline SECONDS]

The requests are written out by hand, so that nothing but Python itself is needed: Kafka's Metadata, and of HBase's
Thrift2 interface one call that reads the meta table and one that asks the master.
"""
import argparse
import os
import socket
import struct
import sys
import time

KAFKA_METADATA = struct.pack(">hhih5si", 3, 1, 1, 5, b"ready", 0)  # API 3, version 1, no topics asked for
# tableExists({qualifier: "ready"}) in the compact protocol
TABLE_EXISTS = b"\x82\x21\x01\x0btableExists" + b"\x1c" + b"\x28\x05ready" + b"\x00" + b"\x00"
# listNamespaceDescriptors() in the binary protocol
LIST_NAMESPACES = struct.pack(">II24sIB", 0x80010001, 24, b"listNamespaceDescriptors", 1, 0)


def exactly(s, n):
    data = b""
    while len(data) < n:
        part = s.recv(n - len(data))
        if not part:
            raise OSError("connection closed")
        data += part
    return data


def framed(s, request):
    s.sendall(struct.pack(">i", len(request)) + request)
    return exactly(s, struct.unpack(">i", exactly(s, 4))[0])


def broker(s):
    """A broker that takes no part yet lists no brokers."""
    return struct.unpack(">i", framed(s, KAFKA_METADATA)[4:8])[0] > 0


def gateway(s):
    """Reply, and in it the result (field 0) rather than an exception (field 1)."""
    answer = framed(s, TABLE_EXISTS)
    head = len(b"\x82\x41\x01\x0btableExists")
    return answer[1] == 0x41 and answer[head] in (0x01, 0x02) and answer[head + 1] == 0


def ddl(s):
    s.sendall(LIST_NAMESPACES)
    head = exactly(s, 4 + 4 + 24 + 4)
    return head[3] == 2 and exactly(s, 3) == b"\x0f\x00\x00"


def answers(name, port):
    check = {"broker": broker, "ddl": ddl}.get(name, gateway)
    with socket.create_connection(("127.0.0.1", port), timeout=2) as s:
        s.settimeout(15)
        return check(s)


def initialized(log):
    """The master tells in its log. A gateway asked earlier than this backs off for long."""
    try:
        with open(log, errors="replace") as f:
            return any("Master has completed initialization" in line for line in f)
    except FileNotFoundError:
        return False


def ended(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            return not f.read()  # one that has ended, and whose parent has not asked yet, has none
    except FileNotFoundError:
        return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("port", type=int)
    parser.add_argument("--pid", type=int)
    parser.add_argument("--log")
    parser.add_argument("--deadline", type=float, default=60)
    options = parser.parse_args()
    end = time.monotonic() + options.deadline
    last = "it has not said that it is initialized"
    while time.monotonic() < end:
        try:
            if initialized(options.log) if options.name == "hbase" else answers(options.name, options.port):
                return 0
        except (OSError, struct.error, IndexError) as error:
            last = str(error)
        if options.pid and ended(options.pid):
            last = "the process has ended"
            break
        time.sleep(0.05)
    print(f"{options.name} on port {options.port}: {last}", file=sys.stderr)
    if options.log and os.path.exists(options.log):
        with open(options.log, errors="replace") as f:
            sys.stderr.writelines(f.readlines()[-25:])
    return 1


sys.exit(main())
