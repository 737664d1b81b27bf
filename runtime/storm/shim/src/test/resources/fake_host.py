"""A host for tests: speaks docs/frames.md with the standard library alone. `FAKE` in the environment says how to behave,
`@stage` entries apply to one stage: "source:N", "relay", and faults, each explained where it is done."""

import json
import mmap
import os
import signal
import struct
import sys
import time

READ, WRITE = sys.stdin.buffer, os.dup(1)
os.dup2(2, 1)


def send(kind, body=b"", flags=0):
    data = struct.pack("<IBBH", len(body), kind, flags, 0) + body
    while data:
        data = data[os.write(WRITE, data) :]


def receive():
    head = READ.read(8)
    if len(head) < 8:
        os._exit(0)
    length, kind, _, _ = struct.unpack("<IBBH", head)
    return kind, READ.read(length)


def event(**keys):
    send(0x85, json.dumps(keys).encode())


def batch(payload, link=0, sender=0, sequence=0):
    return struct.pack("<BBBBIIIQQII", 1, 0, 1, 0, link, sender, 1, 0, sequence, 1, 0) + payload


def emits(items, links):
    out = [(link, bucket, item) for item in items for link, bucket in links]
    parts = [struct.pack("<I", len(out))]
    for link, bucket, item in out:
        parts.append(struct.pack("<III", link, bucket, len(item)) + item)
    return b"".join(parts)


def inputs(body):
    (count,) = struct.unpack_from("<I", body)
    at, found = 4, []
    for _ in range(count):
        number, length = struct.unpack_from("<QI", body, at)
        at += 12
        found.append((number, body[at : at + length]))
        at += length
    return found


class Page:
    def __init__(self, path):
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 4096)
        self.put()

    def put(self, number=0, pe=0, step=0, state=0):
        self.map[:32] = struct.pack("<4Q", number, pe, step, state)

    def processed(self):
        """Of what it wrote unasked, as the supervisor says."""
        return struct.unpack("<Q", self.map[40:48])[0]

    def has_state(self):
        self.map[32:40] = struct.pack("<Q", 1)


def source(start, how, links, page):
    total, window = int(how["source"]), start["window"]
    token = start.get("token")
    sent = int.from_bytes(__import__("base64").b64decode(token), "little") if token else 0
    group, waiting = start["group"], 0
    while sent < total:
        if waiting >= window or select_now():
            kind, body = receive()
            if kind == 0x20:
                waiting -= struct.unpack_from("<I", body)[0]
            elif kind == 0x21:
                break
            continue
        sent += 1
        group += 1
        waiting += 1
        mark = b"" if "notoken" in how else struct.pack("<Q", sent)
        item = batch(b"item %d" % sent)
        if "notoken" in how:
            page.has_state()
        send(0x83, struct.pack("<QI", group, len(mark)) + mark + emits([item], links))
        if how.get("die_at") == str(sent) and not start["lost"]:
            os.kill(os.getpid(), signal.SIGKILL)
    send(0x84)
    while True:
        receive()


def select_now():
    import select

    return bool(select.select([READ], [], [], 0)[0])


def misbehave(how, start, page, number, item):
    """The fault that this item asks for."""
    text = item[40:]
    first = not start["lost"]
    if text == b"die once" and first or text == b"poison":
        os.kill(os.getpid(), signal.SIGKILL)
    if text == b"cursed":
        page.put(number, 0, time.monotonic_ns(), 1)  # never at the same step
        os.kill(os.getpid(), signal.SIGKILL)
    if text == b"hang" and first:
        os.kill(os.getpid(), signal.SIGSTOP)
    if text == b"garbage" and first:
        os.write(WRITE, b"this is not a frame at all")
        time.sleep(60)
    if text == b"oversized" and first:
        os.write(WRITE, struct.pack("<IBBH", 0xFFFFFFFF, 0x82, 0, 0))
        time.sleep(60)
    if text == b"cut" and first:
        os.write(WRITE, struct.pack("<IBBH", 100, 0x82, 0, 0) + b"half")
        os._exit(0)
    if text == b"flood":
        os.write(2, b"noise\n" * 100_000)
    if text == b"state":
        page.has_state()
    if text == b"stubborn":
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(600)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def relay(start, how, links, page):
    poison = [entry[0] for entry in start["poison"]]
    while True:
        kind, body = receive()
        if kind == 0x11:
            if "die_finishing" in how and not start["lost"]:
                os.kill(os.getpid(), signal.SIGKILL)
            last = [batch(b"post %d" % start["rank"])] if "post" in how else []
            send(0x82, struct.pack("<I", 1) + body + emits(last, links), 1)
            continue
        for number, item in inputs(body):
            page.put(number, 0, 1, 1)
            if number in poison:
                event(event="failed", pe="fake", rank=start["rank"], item=repr(item[40:]), policy="dead-letter")
                send(0x82, struct.pack("<IQ", 1, number) + emits([], links))
                continue
            misbehave(how, start, page, number, item)
            if item[40:] == b"parts":
                send(0x82, struct.pack("<I", 0) + emits([batch(b"part")], links))
            send(0x82, struct.pack("<IQ", 1, number) + emits([item], links))
        page.put()


def main():
    kind, body = receive()
    start = json.loads(body)
    how = {}
    for entry in os.environ["FAKE_" + start["stage"]].split():
        name, _, value = entry.partition(":")
        how[name] = value
    os.setpgid(0, 0)
    page = Page(start["page"])
    if "started" in how:
        event(event="started", start=start, env=dict(os.environ))
    if "never" in how:
        os._exit(3)
    if "error" in how:
        event(event="error", kind="input", text="no such module")
        os._exit(1)
    send(0x81, json.dumps({"protocol": 1, "pid": os.getpid(), "python": "3", "definition": ""}).encode())
    links = [tuple(int(part) for part in link.split(",")) for link in how.get("links", "").split(";") if link]
    for number in range(int(how.get("every", 0))):
        while number - page.processed() >= 16:
            time.sleep(0.001)
        send(0x83, struct.pack("<QI", 0, 0) + emits([batch(b"every", sequence=number)], links))
    if "source" in how:
        source(start, how, links, page)
    else:
        relay(start, how, links, page)


main()
