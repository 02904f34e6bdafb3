"""Wrong requests on the ports of a master and a worker: each is refused by its own rules, and nothing changes by them."""

import contextlib
import socket
import subprocess

import grpc
import pytest

from .unharmed import scene_of

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
PORTS = ["master", "worker"]


@pytest.fixture(scope="module")
def scene(bin_folder, tmp_path_factory, _all_servers):
    with scene_of(bin_folder, tmp_path_factory.mktemp("malformed"), _all_servers) as made:
        yield made


@pytest.fixture(autouse=True)
def _unharmed(scene):
    yield
    scene.check()


def connect(scene, port):
    address = scene.cluster.master_addr if port == "master" else scene.worker_addr
    connection = socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), timeout=30)
    connection.settimeout(30)
    return connection


def answer_to(scene, port, request):
    """All that comes back until the other side closes, or nothing more could come."""
    with connect(scene, port) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
        received = b""
        with contextlib.suppress(OSError):
            while chunk := connection.recv(65536):
                received += chunk
        return received


def request(method="GET", target="/status", version="HTTP/1.1", headers=(), body=b""):
    lines = [f"{method} {target} {version}", "Host: h", "Connection: close", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


HTTP = {
    "no-version": (b"GET /status\r\n\r\n", 400),
    "bad-version": (request(version="HTTP/9.9"), 400),
    "word-for-version": (request(version="HTPP/1.1"), 400),
    "no-target": (b"GET  HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "not-http": (b"NOT HTTP AT ALL\r\n\r\n", 400),
    "http1-preface": (b"PRX * HTTP/1.1\r\n\r\n", 501),
    "unknown-path": (request(target="/nothing/here"), 404),
    "dots": (request(target="/../../etc/passwd"), 404),
    "encoded-dots": (request(target="/%2e%2e/%2e%2e/etc/passwd"), 404),
    "nul-path": (request(target="/status%00"), 404),
    "broken-percent": (request(target="/%zz"), 400),
    "half-percent": (request(target="/status%4"), 400),
    "broken-query": (request(target="/status?a=%f"), 400),
    "empty-path": (request(target="?"), 404),
    "absolute-form": (request(target="http://elsewhere/secret"), 404),
    "control-in-target": (request(target="/sta\x01tus"), 400),
    "long-target": (request(target="/" + "x" * 100_000), 431),
    "long-header": (request(headers=["X: " + "y" * 100_000]), 431),
    "many-headers": (request(headers=[f"X-{n}: y" for n in range(10_000)]), 431),
    "header-without-colon": (request(headers=["nonsense"]), 400),
    "header-nul": (request(headers=["X: a\0b"]), 400),
    "space-before-colon": (request(headers=["X : a"]), 400),
    "length-negative": (request("POST", headers=["Content-Length: -1"]), 400),
    "length-text": (request("POST", headers=["Content-Length: much"]), 400),
    "length-overflow": (request("POST", headers=["Content-Length: 99999999999999999999999"]), 400),
    "length-huge": (request("POST", headers=["Content-Length: 9999999999"]), 413),
    "length-twice": (request("POST", headers=["Content-Length: 1", "Content-Length: 2"], body=b"ab"), 400),
    "chunked-garbage": (request("POST", headers=["Transfer-Encoding: chunked"], body=b"zz\r\nhello\r\n"), 400),
    "chunk-overflow": (request("POST", headers=["Transfer-Encoding: chunked"], body=b"f" * 40 + b"\r\n"), 400),
    "chunked-and-length": (request("POST", headers=["Transfer-Encoding: chunked", "Content-Length: 3"]), 400),
    "unknown-method": (request("BREW"), 501),
}

CLOSED = {
    "tls-hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 400,
    "zeros": b"\0" * 10_000,
    "high-bytes": b"\xff" * 10_000,
    "lower-case": b"get /status http/1.1\r\n\r\n",
    "mysql": b"\x3a\0\0\0\x0a5.7.0\0",
    "newlines": b"\r\n" * 1000,
    "nothing": b"",
    "half-preface": b"PR",
    "half-request": b"GET /status HTTP/1.1\r\nHost: ",
}

FRAMES = {
    "garbage": b"\xff" * 5000,
    "text": b"hello there\r\n" * 100,
    "huge-frame": b"\xff\xff\xff\x00\x01\x00\x00\x00\x01" + b"x" * 70_000,
    "settings-length": b"\0\0\5\4\0\0\0\0\0" + b"12345",
    "settings-stream": b"\0\0\0\4\0\0\0\0\7",
    "data-first": b"\0\0\4\0\0\0\0\0\1abcd",
    "headers-garbage": b"\0\0\0\4\0\0\0\0\0" + b"\0\0\x08\1\4\0\0\0\1" + b"\xff" * 8,
    "even-stream": b"\0\0\0\4\0\0\0\0\0" + b"\0\0\1\1\4\0\0\0\2\x82",
    "continuation": b"\0\0\0\4\0\0\0\0\0" + b"\0\0\1\x09\4\0\0\0\1\x82",
    "window-zero": b"\0\0\0\4\0\0\0\0\0" + b"\0\0\4\x08\0\0\0\0\0\0\0\0\0",
    "ping-short": b"\0\0\0\4\0\0\0\0\0" + b"\0\0\1\6\0\0\0\0\0x",
    "reset-idle": b"\0\0\0\4\0\0\0\0\0" + b"\0\0\4\3\0\0\0\0\x09\0\0\0\0",
    "unknown-type": b"\0\0\0\4\0\0\0\0\0" + b"\0\0\1\xee\0\0\0\0\0x",
    "preface-again": PREFACE,
}


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("name", HTTP)
def test_http(scene, name, port):
    sent, status = HTTP[name]
    answer = answer_to(scene, port, sent)
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:300]


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("name", CLOSED)
def test_bytes_that_are_no_request(scene, name, port):
    assert answer_to(scene, port, CLOSED[name]) == b""


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("name", FRAMES)
def test_http2_that_goes_wrong(scene, name, port):
    answer = answer_to(scene, port, PREFACE + FRAMES[name])
    assert not answer.startswith(b"HTTP/1"), answer[:300]


@pytest.mark.parametrize("port", PORTS)
def test_connections_that_never_finish_a_request(scene, port):
    """Silent ones, half a preface, and headers that come a byte at a time: others are served meanwhile."""
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(connect(scene, port)) for _ in range(90)]
        for number, connection in enumerate(held):
            connection.sendall((b"", b"PR", b"GET /status HTTP/1.1\r\nX: ")[number % 3])
        for _ in range(5):
            for connection in held[2::3]:
                connection.sendall(b"y")
            scene.check()
            assert b" 200 OK\r\n" in answer_to(scene, port, request())


# -- gRPC

BODIES = {
    "garbage": b"\xff" * 100,
    "truncated-length": b"\x0a\x7f",
    "endless-varint": b"\x08" + b"\xff" * 11,
    "field-zero": b"\x00\x01",
    "wrong-wire-type": b"\x0f\x00",
    "open-group": b"\x0b",
    "nested-groups": b"\x0b" * 10_000,
    "end-of-no-group": b"\x0c",
}


def status_of(call):
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value


@pytest.mark.parametrize("service", ["Master", "Worker"])
@pytest.mark.parametrize("body", BODIES)
def test_bodies_that_are_no_message(scene, service, body):
    client = scene.master if service == "Master" else scene.worker
    for method in client.methods():
        error = status_of(lambda m=method: client.call_bytes(m, BODIES[body]))
        assert error.code() == grpc.StatusCode.INTERNAL, (method, error)


@pytest.mark.parametrize("path", ["/pb.Master/Explode", "/pb.Worker/QueryStatus", "/pb.Master/", "/pb.Nobody/QueryStatus",
                                  "/x", "/pb.Master/QueryStatus/more", "/" + "m" * 5000])
def test_methods_that_are_not_there(scene, path):
    error = status_of(lambda: scene.master.raw(path)(b"", timeout=20))
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED, error


@pytest.mark.parametrize("path", ["/pb.Master/ListMember", "/pb.Worker/Explode", "/etcdserverpb.KV/Range"])
def test_methods_that_a_worker_has_not(scene, path):
    error = status_of(lambda: scene.worker.raw(path)(b"", timeout=20))
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED, error


def test_text_that_is_not_utf8(scene):
    """Fields of type string hold UTF-8 only; every method's first string field is tried."""
    for client in (scene.master, scene.worker):
        for method in client.methods():
            fields = client.request_of(method).DESCRIPTOR.fields
            text = next((f for f in fields if f.type == f.TYPE_STRING), None)
            if text is not None:
                body = bytes([text.number << 3 | 2, 2]) + b"\xff\xfe"
                error = status_of(lambda m=method, b=body, c=client: c.call_bytes(m, b))
                assert error.code() == grpc.StatusCode.INTERNAL, (method, error)


def test_message_larger_than_the_limit(scene):
    error = status_of(lambda: scene.master.call("CheckTask", task="#" * 3_000_000))
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED and "larger than max" in error.details()


VALUES = {
    "start-empty": ("StartTask", {}, "code=20019"),
    "start-sources": ("StartTask", {"sources": ["x"] * 10_000}, "code=20019"),
    "start-not-yaml": ("StartTask", {"task": "\0"}, "code=20003"),
    "check-counts": ("CheckTask", {"errCnt": -2**63, "warnCnt": 2**63 - 1}, "code=20019"),
    "task-op": ("OperateTask", {"op": 99, "name": "t"}, "code=38"),
    "task-op-start": ("OperateTask", {"op": 4, "name": "t"}, "code=38"),
    "task-op-none": ("OperateTask", {"name": "t"}, "code=38"),
    "task-op-negative": ("OperateTask", {"op": -1, "name": "t"}, "code=38"),
    "source-op": ("OperateSource", {"op": 77}, "code=38041"),
    "source-op-none": ("OperateSource", {}, "code=38041"),
    "source-create-empty-text": ("OperateSource", {"op": 1, "config": [""]}, "code=40005"),
    "source-update": ("OperateSource", {"op": 2, "sourceID": ["s1"]}, "Update worker config is not supported"),
    "source-stop-empty": ("OperateSource", {"op": 3, "sourceID": [""]}, "code=46008"),
    "leader-op": ("OperateLeader", {"op": 12}, "code=38041"),
    "transfer-empty": ("TransferSource", {}, "code=46008"),
    "transfer-nul": ("TransferSource", {"source": "\0", "worker": "\0"}, "code=46008"),
    "register-empty": ("RegisterWorker", {}, "code=46004"),
    "register-taken": ("RegisterWorker", {"name": "worker-1", "address": "1.2.3.4:5"}, "code=46003"),
    "offline-type": ("OfflineMember", {"type": "tyrant", "name": "x"}, "code=38049"),
    "offline-empty": ("OfflineMember", {}, "code=38049"),
    "config-type": ("GetCfg", {"type": 99, "name": "t"}, "code="),
    "subtask-config": ("GetSubTaskCfg", {"name": "\n"}, "task not found"),
    "lock-empty": ("UnlockDDLLock", {}, "code="),
    "schema-empty": ("OperateSchema", {}, "code="),
    "error-op": ("HandleError", {"op": 99}, "code="),
    "relay-op": ("OperateRelay", {"op": 99}, "code="),
    "encrypt": ("Encrypt", {"plaintext": "x" * 1_000_000}, "code=20067"),
}


@pytest.mark.parametrize("name", VALUES)
def test_values_that_make_no_sense(scene, name):
    method, fields, said = VALUES[name]
    try:
        answer = scene.master.call(method, **fields)
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.UNKNOWN and said in error.details(), error
        return
    assert not answer.result and said in answer.msg, answer


def test_callers_that_do_not_wait(scene):
    """Calls whose caller gives up at once, many at a time."""
    call = scene.master.raw("/pb.Master/ListMember")
    started = [call.future(b"", timeout=30) for _ in range(300)]
    for one in started[:250]:
        one.cancel()
    assert all(one.result() for one in started[250:])


# -- etcd's interfaces

ETCDCTL = {
    "empty-key": (["put", "", "x"], "key is not provided"),
    "future-revision": (["get", "k", "--rev=99999999"], "future revision"),
    "compaction-ahead": (["compaction", "99999999"], "future revision"),
    "lease-unknown": (["lease", "revoke", "deadbeef"], "lease not found"),
    "lease-of-put": (["put", "k", "v", "--lease=deadbeef"], "lease not found"),
    "member-unknown": (["member", "remove", "deadbeef"], "ember not found"),
    "auth": (["auth", "enable"], "root user"),
}


@pytest.mark.parametrize("name", ETCDCTL)
def test_etcd_refuses(scene, name):
    words, said = ETCDCTL[name]
    done = subprocess.run(["etcdctl", f"--endpoints={scene.cluster.master_addr}", *words], capture_output=True,
                          text=True, timeout=30, check=False)
    assert done.returncode != 0 and said in done.stdout + done.stderr, done


@pytest.mark.parametrize("path", ["/etcdserverpb.KV/Range", "/etcdserverpb.KV/Txn", "/etcdserverpb.Lease/LeaseGrant",
                                  "/etcdserverpb.Maintenance/Alarm", "/v3electionpb.Election/Leader"])
@pytest.mark.parametrize("body", BODIES)
def test_etcd_bodies_that_are_no_message(scene, path, body):
    error = status_of(lambda: scene.master.raw(path)(BODIES[body], timeout=20))
    assert error.code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.INVALID_ARGUMENT), error


def test_etcd_value_that_is_too_large(scene):
    body = b"\x0a\x01k\x12" + b"\x80\x80\xc0\x01" + b"v" * (3 << 20)  # PutRequest{key: "k", value: 3 MiB}
    error = status_of(lambda: scene.master.raw("/etcdserverpb.KV/Put")(body, timeout=20))
    assert error.code() in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INVALID_ARGUMENT), error


def test_etcd_method_that_is_not_there(scene):
    error = status_of(lambda: scene.master.raw("/etcdserverpb.KV/Explode")(b"", timeout=20))
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED, error
