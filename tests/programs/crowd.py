"""Many connections to one server from one thread: a closed loop (each connection asks again when it is answered) or an open one (each
request is due at its own time, from which its latency counts). As a program, for a core of its own: PORT CONNECTIONS SECONDS, a closed loop of the request on
stdin; prints the figures as JSON."""
import collections
import json
import selectors
import socket
import sys
import time


def request(path, kind, body):
    body = body if isinstance(body, bytes) else body.encode()
    return b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n" % (path.encode(), kind.encode(), len(body)) + body


def quantile(sorted_values, share):
    return sorted_values[min(len(sorted_values) - 1, int(share * len(sorted_values)))] if sorted_values else float("nan")


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.unsent = memoryview(b"")
        self.head, self.missing, self.kept, self.due = b"", None, b"", 0.0

    def start(self, data, due):
        self.unsent, self.head, self.missing, self.kept, self.due = memoryview(data), b"", None, b"", due

    def send(self):
        """Sends what the socket takes."""
        try:
            while self.unsent:
                self.unsent = self.unsent[self.socket.send(self.unsent):]
        except BlockingIOError:
            pass

    def receive(self, buffer):
        """True when the whole answer is there."""
        while True:
            try:
                got = self.socket.recv_into(buffer)
            except BlockingIOError:
                return False
            if got == 0:
                raise ConnectionError("closed without an answer")
            if self.missing is None:
                self.head += bytes(buffer[:got])
                at = self.head.find(b"\r\n\r\n")
                if at < 0:
                    continue
                length = int(self.head[:at].lower().split(b"content-length:")[1].split(b"\r\n")[0])
                self.missing = length - (len(self.head) - at - 4)
                self.kept = self.head[at + 4:at + 4096]
            else:
                self.missing -= got
            if self.missing == 0:
                return True


class Crowd:
    """answers is {status: count}; latencies has those of status 200, in seconds; wrong what `check` (of the first bytes of a 200) said."""

    def __init__(self, port, requests, connections, check=None):
        self.port, self.requests, self.check = port, requests, check
        self.count = connections
        self.answers, self.latencies, self.wrong, self.sent = collections.Counter(), [], [], 0

    def run(self, seconds, rate=None, until=None):
        """For that long, or until until() is true. `rate`: requests a second in an open loop; without, a closed loop."""
        selector, buffer, began = selectors.DefaultSelector(), memoryview(bytearray(1 << 18)), time.monotonic()
        free, busy, end = collections.deque(), 0, began + seconds
        for _ in range(self.count):
            connection = Connection(self.port)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            free.append(connection)
        due = lambda i: began + i / rate  # noqa: E731
        over = False
        while not over or busy:
            now = time.monotonic()
            over = over or now >= end or (until is not None and until())
            while not over and free and (rate is None or due(self.sent) <= now):
                connection = free.popleft()
                connection.start(self.requests[self.sent % len(self.requests)], now if rate is None else due(self.sent))
                self.sent += 1
                busy += 1
                connection.send()
                if connection.unsent:
                    selector.modify(connection.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, connection)
            wait = 0.05 if rate is None or not free else max(0.0, min(0.05, due(self.sent) - time.monotonic()))
            for key, events in selector.select(wait):
                connection = key.data
                if events & selectors.EVENT_WRITE:
                    connection.send()
                    if not connection.unsent:
                        selector.modify(connection.socket, selectors.EVENT_READ, connection)
                if events & selectors.EVENT_READ and connection.receive(buffer):
                    self.take(connection)
                    busy -= 1
                    free.append(connection)
            if now > end + 60:
                raise AssertionError(f"{busy} answers are missing after a minute")
        self.took = time.monotonic() - began
        for key in list(selector.get_map().values()):
            key.data.socket.close()
        selector.close()
        return self

    def take(self, connection):
        status = int(connection.head[9:12])
        self.answers[status] += 1
        if status == 200:
            self.latencies.append(time.monotonic() - connection.due)
        if status == 200 and self.check is not None and not self.check(connection.kept):
            self.wrong.append(connection.kept[:500])

    def figures(self):
        ordered = sorted(self.latencies)
        return {"answers": dict(self.answers), "sent_a_second": round(self.sent / self.took, 1), "good_a_second": round(self.answers[200] / self.took, 1),
                **{f"p{p}_ms": round(1000 * quantile(ordered, float(p) / 100), 3) for p in ("50", "99", "99.9")}}


if __name__ == "__main__":
    crowd = Crowd(int(sys.argv[1]), [sys.stdin.buffer.read()], int(sys.argv[2]))
    print(json.dumps(crowd.run(float(sys.argv[3])).figures()))
