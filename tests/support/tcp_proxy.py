"""A TCP proxy that fails on demand, to stand between a client and a server of a test.

Command: tcp_proxy.py HOST:PORT [LISTEN_PORT]. Prints `listening PORT`; then each line of standard input
is an order, answered by one line: `ok`, numbers, or `error ...`. It ends with its standard input.

  pass            everything goes through (at first)
  stall           nothing goes through, connections stay open; what arrives is held until `pass`
  stall WAY [N|WORD]
                  the same of one way alone, up (what the client sends) or down: all of it; from the piece on that
                  passes N bytes; or of each connection, from a piece on that holds WORD near its beginning
  refuse          connections are reset and new ones refused, as of a killed process, until `pass`
  delay MS        what goes through does so that much later
  throttle N      each connection passes at most N bytes a second, each way
  cut up N        the connection that brings the total sent from now on to N bytes is reset there,
  cut down N        mid-frame if need be; the same of what the server answers
  lose_reply N [WORD]
                  the next N answers (that hold WORD near their beginning) are taken from the server, thrown away, and
                  their connection is reset: the server has done what it was asked for, and the client does not know
  stats           connections=.. up=.. down=.. cuts=.. lost=.. slowed=.. refused=.. held=.., the last one: pieces that wait now

Module: `with TcpProxy("127.0.0.1", port) as proxy: proxy.port; proxy.order("cut up 100")`, in a thread of its own.
"""
import asyncio
import socket
import struct
import sys
import threading

PIECE = 65536
WAYS = ("up", "down")
NAME_BYTES = 64  # of a piece: where the name of the call is


class Proxy:
    """The proxy itself, inside one event loop."""

    def __init__(self, host, port, listen_port=0):
        self.target, self.port = (host, port), listen_port
        self.stats = dict(connections=0, up=0, down=0, cuts=0, lost=0, slowed=0, refused=0, held=0)
        self.flowing, self.delay_s, self.bytes_a_second = {way: asyncio.Event() for way in WAYS}, 0.0, 0
        self.reset_faults()
        self.server, self.open = None, set()

    def reset_faults(self):
        self.delay_s, self.bytes_a_second = 0.0, 0
        self.replies_to_lose, self.lost_word = 0, b""
        self.cut_after, self.stall_after = dict.fromkeys(WAYS), dict.fromkeys(WAYS)
        self.stalled_word = dict.fromkeys(WAYS, b"")
        self.flow()

    def flow(self):
        for flowing in self.flowing.values():
            flowing.set()

    async def listen(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def serve(self, client_in, client_out):
        self.stats["connections"] += 1
        try:
            server_in, server_out = await asyncio.open_connection(*self.target)
        except OSError:
            self.reset(client_out)
            return
        both = (client_out, server_out)
        for out in both:
            out.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.open.add(both)
        await asyncio.gather(self.pump("up", client_in, server_out, both), self.pump("down", server_in, client_out, both))
        for out in both:
            out.close()
        self.open.discard(both)

    async def pump(self, way, source, sink, both):
        try:
            while piece := await source.read(min(PIECE, self.bytes_a_second or PIECE)):
                await self.wait_while_stalled(way, piece)
                slowed_s = self.delay_s + (len(piece) / self.bytes_a_second if self.bytes_a_second else 0)
                if slowed_s:
                    self.stats["slowed"] += 1
                    await asyncio.sleep(slowed_s)
                if way == "down" and self.replies_to_lose and self.lost_word in piece[:NAME_BYTES]:
                    self.replies_to_lose -= 1
                    self.stats["lost"] += 1
                    return self.cut(both)
                left = self.cut_after[way]
                if left is not None:
                    self.cut_after[way] = left - len(piece) if len(piece) < left else None
                    piece = piece[:left]
                sink.write(piece)
                self.stats[way] += len(piece)
                await sink.drain()
                if left is not None and self.cut_after[way] is None:
                    self.stats["cuts"] += 1
                    return self.cut(both)
            if sink.can_write_eof():
                sink.write_eof()
        except OSError:
            self.cut(both)

    async def wait_while_stalled(self, way, piece):
        left = self.stall_after[way]
        if left is not None:
            self.stall_after[way] = left - len(piece) if len(piece) <= left else None
            if len(piece) > left:
                self.flowing[way].clear()
        if not self.flowing[way].is_set() and self.stalled_word[way] in piece[:NAME_BYTES]:
            self.stats["held"] += 1
            await self.flowing[way].wait()
            self.stats["held"] -= 1

    def cut(self, both):
        for out in both:
            self.reset(out)

    @staticmethod
    def reset(out):
        sock = out.get_extra_info("socket")
        if sock is not None and not out.transport.is_closing():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        out.transport.abort()

    async def order(self, line):
        word, *rest = line.split()
        if word == "pass":
            self.reset_faults()
            if self.server is None:
                await self.listen()
        elif word == "stall" and all(way in WAYS for way in rest[:1]):
            limit = rest[1] if len(rest) > 1 else ""
            for way in rest[:1] or WAYS:
                self.stall_after[way] = int(limit) if limit.isdigit() else None
                self.stalled_word[way] = b"" if limit.isdigit() else limit.encode()
                if not limit.isdigit():
                    self.flowing[way].clear()
        elif word == "refuse":
            if self.server is not None:
                self.server.close()
                self.server = None
            self.stats["refused"] += len(self.open)
            for both in list(self.open):
                self.cut(both)
        elif word == "delay":
            self.delay_s = int(rest[0]) / 1000
        elif word == "throttle":
            self.bytes_a_second = int(rest[0])
        elif word == "cut" and rest[0] in self.cut_after:
            self.cut_after[rest[0]] = int(rest[1])
        elif word == "lose_reply":
            self.replies_to_lose, self.lost_word = int(rest[0]), "".join(rest[1:]).encode()
        elif word == "stats":
            return " ".join(f"{name}={count}" for name, count in self.stats.items())
        else:
            return f"error: no such order: {line}"
        return "ok"


class TcpProxy:
    """The proxy in a thread, for tests in Python."""

    def __init__(self, host, port, listen_port=0):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.proxy = self.run(self.make(host, port, listen_port))
        self.port = self.proxy.port

    @staticmethod
    async def make(host, port, listen_port):
        proxy = Proxy(host, port, listen_port)
        await proxy.listen()
        return proxy

    def run(self, task):
        return asyncio.run_coroutine_threadsafe(task, self.loop).result()

    def order(self, line):
        answer = self.run(self.proxy.order(line))
        if answer.startswith("error"):
            raise ValueError(answer)
        return answer

    def stats(self):
        return {name: int(count) for name, count in (pair.split("=") for pair in self.order("stats").split())}

    async def end(self):
        await self.proxy.order("refuse")
        self.proxy.flow()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        if tasks:
            await asyncio.wait(tasks, timeout=5)

    def close(self):
        self.run(self.end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def main():
    host, port = sys.argv[1].rsplit(":", 1)
    with TcpProxy(host, int(port), int(sys.argv[2]) if len(sys.argv) > 2 else 0) as proxy:
        print("listening", proxy.port, flush=True)
        for line in sys.stdin:
            try:
                print(proxy.order(line), flush=True)
            except (ValueError, IndexError, KeyError) as error:
                print(f"error: {error}" if not str(error).startswith("error") else error, flush=True)


if __name__ == "__main__":
    main()
