"""Clients that ask without a pause, on connections that stay open, and remember every answer that is not a right one."""

import http.client
import json
import threading
import time


class Load:
    """As a context: 4 clients ask while it lasts. `right` are the probabilities that may be answered."""

    def __init__(self, port, body, right, clients=4):
        self.port, self.body, self.right, self.clients = port, body, right, clients
        self.answers, self.failures, self.seen = 0, [], []
        self.lock, self.over = threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self.ask) for _ in range(clients)]

    def ask(self):
        connection, last = None, None
        while not self.over.is_set():
            wrong = None
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
                connection.request("POST", "/v1/score", self.body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                text = answer.read()
                value = json.loads(text)["probability"] if answer.status == 200 else None
                if value not in self.right:
                    wrong = f"{answer.status} {text[:200]!r}"
                if answer.will_close:
                    connection.close()
                    connection = None
            except (OSError, http.client.HTTPException, ValueError) as error:
                wrong, connection = repr(error), None
            with self.lock:
                self.answers += 1
                if wrong:
                    self.failures.append((time.strftime("%H:%M:%S"), wrong))
                elif value != last:
                    self.seen.append(value)
                    last = value
            time.sleep(0.01)
        if connection:
            connection.close()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()
