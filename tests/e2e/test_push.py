#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""heaptap push and record --push: what is sent, judged by the servers' schemas, and servers that
hang, refuse, redirect or are none. The servers are stubs that record what they get."""

import base64
import gzip
import importlib
import subprocess

import stub
from browser import run_node
from harness import *
from stub import Stub

SCHEMAS = Path(__file__).parent / "schemas"
PPROF_PROTO = Path("/usr/share/gocode/src/github.com/google/pprof/proto")
OTLP_GOOD = (200, {"Content-Type": "application/x-protobuf"}, b"")
ENVIRONMENT = {k: v for k, v in os.environ.items()
               if not k.lower().endswith("_proxy") and k != "HEAPTAP_PUSH_TOKEN"}
# Notes with which a recording's place is known, and all four metrics of several stacks.
_recorded = None


def recorded():
    """A recording of this test run, made once: (file, what it holds by the tests' own reader)."""
    global _recorded
    if not _recorded:
        recording = Recording(command=[TARGETS / "simple"])
        expect_status(recording.wait(), 0)
        _recorded = recording.output.read_bytes()
    file = scratch() / "simple.pb.gz"
    file.write_bytes(_recorded)
    return file, pprof.load(file)


def push(url, *args, status=0, env=None, timeout="2s"):
    argv = ["push", "--push-timeout", timeout, url, *args]
    return expect_status(heaptap(*argv, env={**ENVIRONMENT, **(env or {})}), status)


def schema(name):
    """The messages of one schema, as protoc and Python's protobuf understand it."""
    try:
        importlib.import_module("google.protobuf.json_format")
    except ImportError:
        raise Skip("python3-protobuf is not installed")
    place = scratch()
    subprocess.run(["protoc", f"-I{SCHEMAS}", f"--python_out={place}", f"{name}.proto"], check=True)
    sys.path.insert(0, str(place))
    try:
        return importlib.import_module(f"{name}_pb2")
    finally:
        sys.path.remove(str(place))


def pprof_decoded(data):
    if not PPROF_PROTO.exists():
        raise Skip("golang-github-google-pprof-dev is not installed")
    argv = ["protoc", f"-I{PPROF_PROTO}", "--decode=perftools.profiles.Profile", "profile.proto"]
    return subprocess.run(argv, input=gzip.decompress(data), check=True,
                          capture_output=True).stdout.decode()


# --- what is sent --------------------------------------------------------------------------------


def expect_series(protocol, path, message):
    file, profile = recorded()
    server = Stub()
    result = push(server.url(protocol, path="/base/"), file, "--push-label", "team=core",
                  "--push-label", "service_name=shop")
    expect("pushed" in result.stderr, result)
    [request] = server.requests
    expect(request.path == "/base" + path, request.path)
    expect(request.headers["Content-Type"] == "application/json", request.headers)
    json_format = importlib.import_module("google.protobuf.json_format")
    # an unknown field is an error
    [series] = json_format.Parse(request.body, message()).series
    pairs = series.labels.labels if protocol == "parca" else series.labels
    labels = {pair.name: pair.value for pair in pairs}
    target = profile.notes["target"].split()
    expect(labels == {"__name__": "memory", "service_name": "shop", "host": os.uname().nodename,
                      "pid": target[0], "comm": "simple", "team": "core"}, labels)
    [sample] = series.samples
    expect(sample.raw_profile == file.read_bytes(), "the file as it is")
    text = pprof_decoded(sample.raw_profile)
    expect(text.count("\nsample {") + text.startswith("sample {") == len(profile.samples), text)
    return sample


@test("Pyroscope: push.v1 in JSON, by its schema")
def pyroscope():
    sample = expect_series("pyroscope", "/push.v1.PusherService/Push",
                           schema("series").PyroscopePushRequest)
    expect(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", sample.ID), sample.ID)


@test("Parca: WriteRaw in JSON, by its schema")
def parca():
    expect_series("parca", "/profiles/writeraw", schema("series").ParcaWriteRawRequest)


def otlp_request(*args, file):
    server = Stub(OTLP_GOOD)
    push(server.url("otlp"), file, *args)
    [request] = server.requests
    expect(request.path == "/v1development/profiles", request.path)
    expect(request.headers["Content-Type"] == "application/x-protobuf", request.headers)
    expect(request.headers["Content-Encoding"] == "gzip", request.headers)
    data = gzip.decompress(request.body)
    message = schema("otlp").ExportProfilesServiceRequest.FromString(data)
    before = message.SerializeToString(deterministic=True)
    message.DiscardUnknownFields()
    expect(message.SerializeToString(deterministic=True) == before, "no unknown field")
    return message


def value_of(value):
    return getattr(value, value.WhichOneof("value"))


@test("OTLP: a profile for each metric, with a common dictionary, by its schema")
def otlp():
    file, profile = recorded()
    message = otlp_request("--push-label", "deployment.environment=test", file=file)
    [resource] = message.resource_profiles
    attributes = {pair.key: value_of(pair.value) for pair in resource.resource.attributes}
    expect(attributes == {"service.name": "simple", "host.name": os.uname().nodename,
                          "process.pid": int(profile.notes["target"].split()[0]),
                          "process.executable.name": "simple",
                          "deployment.environment": "test"}, attributes)
    tables, texts = message.dictionary, message.dictionary.string_table
    for table in (tables.mapping_table, tables.location_table, tables.function_table,
                  tables.link_table, tables.attribute_table, tables.stack_table):
        expect(table[0].ByteSize() == 0, "entry 0 is the zero value", table[0])
    expect(texts[0] == "" and len(set(texts)) == len(texts), "strings, each once")
    [scope] = resource.scope_profiles
    expect([texts[p.sample_type.type_strindex] for p in scope.profiles] ==
           ["inuse_space", "inuse_objects", "alloc_space", "alloc_objects"], scope.profiles)
    for one in scope.profiles:
        name = texts[one.sample_type.type_strindex]
        expect(sum(s.values[0] for s in one.samples) == profile.total(name), name)
        expect(all(len(s.values) == 1 and s.stack_index for s in one.samples), "a value each")
        expect(one.duration_nano and one.time_unix_nano and len(one.profile_id) == 16, one)
        notes = {texts[a.key_strindex]: value_of(a.value)
                 for a in (tables.attribute_table[i] for i in one.attribute_indices)}
        expect(notes["heaptap.lost_live_full"] == "0", notes)
    expect(len({p.profile_id for p in scope.profiles}) == 4, "ids of their own")
    expect_stacks(tables, scope.profiles[2], profile)


def expect_stacks(tables, one, profile):
    """The stacks of alloc_space are those of the file, with module and build id."""
    texts = tables.string_table
    frames = {}
    for sample in one.samples:
        names = []
        for i in tables.stack_table[sample.stack_index].location_indices:
            location = tables.location_table[i]
            names += [texts[tables.function_table[line.function_index].name_strindex]
                      for line in location.lines]
            mapping = tables.mapping_table[location.mapping_index]
            keys = [texts[tables.attribute_table[a].key_strindex]
                    for a in mapping.attribute_indices]
            expect(keys in ([], ["process.executable.build_id.gnu"]), keys)
        frames[tuple(names)] = frames.get(tuple(names), 0) + sample.values[0]
    wanted = {}
    for sample in profile.samples:
        if sample.values["alloc_space"]:
            key = tuple(sample.frames)
            wanted[key] = wanted.get(key, 0) + sample.values["alloc_space"]
    expect(frames == wanted, f"{frames}\n{wanted}")


DECODE = """
const { Profile } = require("pprof-format");
const data = require("zlib").gunzipSync(Buffer.from(require("fs").readFileSync(0, "utf8"), "base64"));
const profile = Profile.decode(data), texts = profile.stringTable.strings, totals = {};
profile.sampleType.forEach((type, i) => {
  totals[texts[type.type]] = profile.sample.reduce((sum, s) => sum + Number(s.value[i]), 0);
});
console.log(JSON.stringify(totals));
"""


@test("what Pyroscope and Parca get is read by pprof-format with the same totals")
def pprof_format():
    file, profile = recorded()
    server = Stub()
    for protocol in ("pyroscope", "parca"):
        push(server.url(protocol), file)
        sample = json.loads(server.requests[-1].body)["series"][0]["samples"][0]
        result = run_node(DECODE, stdin=sample["rawProfile"])
        expect_status(result, 0)
        totals = {name: profile.total(name) for name, _ in profile.types}
        expect(json.loads(result.stdout) == totals, result, totals)


@test("the same file has the same id whenever it is sent")
def same_id():
    file, _ = recorded()
    ids = [otlp_request(file=file).resource_profiles[0].scope_profiles[0].profiles[0].profile_id
           for _ in range(2)]
    expect(ids[0] == ids[1], ids)


@test("tokens and headers, and a user of the URL; nobody inherits the token")
def credentials():
    file, _ = recorded()
    token_file = file.parent / "token"
    token_file.write_text("from-file\n")
    server = Stub()
    url = server.url("pyroscope")
    push(url, file, "--push-token-file", token_file, "--push-header", "X-Scope-OrgID: team",
         env={"HEAPTAP_PUSH_TOKEN": "from-environment"})
    push(url, file, env={"HEAPTAP_PUSH_TOKEN": "from-environment"})
    push(url.replace("://", "://us%40er@"), file, "--push-token-file", token_file)
    push(url, file)
    headers = [request.headers for request in server.requests]
    expect(headers[0]["Authorization"] == "Bearer from-file", headers[0])
    expect(headers[0]["X-Scope-OrgID"] == "team", headers[0])
    expect(headers[1]["Authorization"] == "Bearer from-environment", headers[1])
    basic = base64.b64encode(b"us@er:from-file").decode()
    expect(headers[2]["Authorization"] == f"Basic {basic}", headers[2])
    expect("Authorization" not in headers[3], headers[3])
    output = file.parent / "out.pb.gz"
    result = heaptap("record", "-q", "-o", output, "--push", url, "--", "sh", "-c", "env",
                     env={**ENVIRONMENT, "HEAPTAP_PUSH_TOKEN": "secret-token"})
    expect_status(result, 0)
    expect("PATH=" in result.stdout and "secret-token" not in result.stdout, result)
    expect(server.requests[-1].headers["Authorization"] == "Bearer secret-token", "and is sent")


@test("TLS: an unknown certificate is refused, a known one is not")
def tls():
    file, _ = recorded()
    certificate, key = stub.certificate(file.parent)
    server = Stub(tls=(certificate, key))
    begin = time.monotonic()
    result = push(server.url("parca", "https"), file, status=1, timeout="20s")
    expect("certificate" in result.stderr and not server.requests, result)
    expect(time.monotonic() - begin < 5, "not tried again")
    push(server.url("parca", "https"), file, "--push-ca-file", certificate)
    expect(len(server.requests) == 1, server.requests)


# --- servers that do not take it -----------------------------------------------------------------


@test("500 and 429: tried again, later each time or when the server says")
def retried():
    file, _ = recorded()
    server = Stub((500, {}, b"out of order"), (429, {"Retry-After": "1"}, b""), stub.GOOD)
    push(server.url("pyroscope"), file, timeout="15s")
    times = [request.time for request in server.requests]
    expect(len(times) == 3 and times[1] - times[0] > 0.7 and times[2] - times[1] > 0.95, times)
    result = push(Stub((500, {}, b"out of order")).url("pyroscope"), file, status=1)
    expect(re.search(r"tried 2 times in .* 500: out of order", result.stderr), result)
    server = Stub((503, {"Retry-After": "3600"}, b""))
    push(server.url("pyroscope"), file, status=1)
    expect(len(server.requests) == 1, "an hour is not waited for")
    server = Stub((500, {}, b""))
    push(server.url("otlp"), file, status=1)
    expect(len(server.requests) == 1, "OTLP has 500 among what must not be repeated")


@test("redirects are not followed, and the token goes nowhere")
def redirected():
    file, _ = recorded()
    other = Stub()
    for status in (301, 302, 307, 308):
        server = Stub((status, {"Location": f"http://localhost:{other.port}/x"}, b""))
        result = push(server.url("parca"), file, status=1, env={"HEAPTAP_PUSH_TOKEN": "t"})
        expect(f"answered {status}" in result.stderr and f":{other.port}/x" in result.stderr, result)
    expect(not other.requests, "nothing was sent there")


def expect_bad(answer, *words, protocol="pyroscope", most_s=8):
    file, _ = recorded()
    before = file.read_bytes()
    begin = time.monotonic()
    result = push(Stub(answer).url(protocol), file, status=1)
    expect(time.monotonic() - begin < most_s, f"{answer}: it took too long")
    expect_message(result, 1, *words)
    expect(file.read_bytes() == before, "the file stays as it was")


@test("a server that hangs, closes, speaks no HTTP, never ends, or is another one")
def bad():
    expect_bad("hang", "cannot push")
    expect_bad("close", "cannot push")
    expect_bad("garbage", "cannot push")
    expect_bad("endless", "does not end")
    html = (200, {"Content-Type": "text/html"}, b"<html>please log in</html>")
    expect_bad(html, "another server")
    expect_bad(html, "another server", protocol="otlp")
    expect_bad((404, {}, b"no such page"), "no such path")
    expect_bad((401, {}, b"who are you"), "--push-token-file")
    partial = schema("otlp").ExportProfilesServiceResponse()
    partial.partial_success.rejected_profiles = 4
    partial.partial_success.error_message = "too old"
    expect_bad((200, {}, partial.SerializeToString()), "did not take 4", "too old", protocol="otlp")
    file, _ = recorded()
    result = push(f"otlp+http://127.0.0.1:{stub.closed_port()}", file, status=1)
    expect("connect" in result.stderr.lower(), result)


@test("a file that is refused does not keep the next from being tried; a closed door does")
def several_files():
    file, _ = recorded()
    broken = file.parent / "broken.pb.gz"
    broken.write_bytes(file.read_bytes()[:100])
    server = Stub((400, {}, b"too old"), stub.GOOD)
    result = push(server.url("parca"), broken, file.parent / "none", file, file, status=1)
    expect(len(server.requests) == 2, server.requests)
    expect(result.stderr.count("pushed") == 1 and "400: too old" in result.stderr, result)
    server = Stub((403, {}, b""))
    result = push(server.url("parca"), file, file, file, status=1)
    expect(len(server.requests) == 1 and "2 more files were not tried" in result.stderr, result)


@test("refused: URLs without protocol, with a password; tokens in the clear; labels, formats")
def refused():
    file, _ = recorded()
    for url, word in (("http://localhost:4040", "which protocol"),
                      ("influx+http://localhost:1", "which protocol"),
                      ("pyroscope+ftp://localhost", "http and https"),
                      ("pyroscope+http://me:secret@localhost", "password"),
                      ("otlp+http://localhost#x", "#"), ("otlp", "no URL")):
        result = push(url, file, status=2)
        expect(word in result.stderr and "secret@" not in result.stdout, result)
    result = push("parca+http://parca.example", file, status=2, env={"HEAPTAP_PUSH_TOKEN": "t"})
    expect("in the clear" in result.stderr, result)
    url = "pyroscope+http://localhost:1"
    for option in (("--push-label", "a.b=c"), ("--push-label", "novalue"),
                   ("--push-header", "no colon"), ("--push-header", "A: b\r\nC: d")):
        push(url, file, *option, status=2)
    push(url, file, "--push-token-file", file.parent / "none", status=1)
    record = ["record", "--push", url, "-d", "1s", "-p", os.getpid()]
    for more in (["-f", "table"], ["-o", "-"], ["-o", "x.svg"]):
        expect_status(heaptap(*record, *more, env=ENVIRONMENT), 2)
    result = heaptap("record", "--push", "http://localhost:4040", "-d", "1s", "-p", os.getpid())
    expect(result.status == 2 and "which protocol" in result.stderr, result)
    expect_status(heaptap("record", "--push-label", "a=b", "-d", "1s", "-p", os.getpid()), 2)


# --- while recording -----------------------------------------------------------------------------


def record_argv(target, place, url, *more):
    return [HEAPTAP, "record", "-r", "1", "--store", place, "--push", url, "-p", target.pid, *more]


@test("record sends each file when it is complete, snapshots too")
def recording():
    target, place, server = Target("simple"), scratch() / "store", Stub()
    argv = record_argv(target, place, server.url("pyroscope"), "-i", "300ms", "-d", "1s")
    result = expect_status(run(argv, env=ENVIRONMENT), 0)
    files = sorted(place.glob("simple/*.pb.gz"))
    expect(f"pushed {len(files)} profiles" in result.stderr and len(files) >= 3, result)
    sent = [json.loads(r.body)["series"][0]["samples"][0]["rawProfile"] for r in server.requests]
    expect(sorted(sent) == sorted(base64.b64encode(f.read_bytes()).decode() for f in files), files)


@test("a server that hangs delays neither the recording nor its target, and loses nothing")
def recording_hangs():
    target, place, server = Target("simple"), scratch() / "store", Stub("hang")
    argv = record_argv(target, place, server.url("pyroscope"), "-i", "200ms", "-d", "2s", "-q",
                       "--keep", "100", "--push-timeout", "3s")
    process = subprocess.Popen([str(a) for a in argv], stderr=subprocess.PIPE, env=ENVIRONMENT)
    at_end(process.kill)
    wait_until(lambda: probes(target.pid), "it records")
    target.go()
    wait_until(lambda: server.requests, "it pushes")
    seen = len(list(place.glob("simple/*.pb.gz")))
    wait_until(lambda: len(list(place.glob("simple/*.pb.gz"))) >= seen + 4, "snapshots go on", 3)
    wait_until(lambda: not probes(target.pid), "the probes go", 6)
    expect(process.poll() is None, "it still waits for the server, its target alone")
    # the next recording is not kept out meanwhile, once the last file is written
    next_one = ["record", "--store", place, "-d", "100ms", "-p", target.pid]
    wait_until(lambda: "nothing is done" not in heaptap(*next_one).stderr, "the store is free", 2)
    expect(process.poll() is None, "and the server is still waited for")
    _, stderr = process.communicate(timeout=20)
    expect(process.returncode == 1, process.returncode)
    files = sorted(place.glob("simple/*.pb.gz"))
    nr = len(files) - 1  # the other recording's is not its
    expect(f"{nr} of {nr} profiles were not sent".encode() in stderr, stderr)
    total = max(pprof.load(file).total("alloc_space") for file in files)
    expect(total == 3 * 515500, "nothing is lost meanwhile", total)
    later = Stub()
    push(later.url("pyroscope"), *files)
    expect(len(later.requests) == len(files), "sent later")


@test("a signal ends the waiting for a server")
def interrupted():
    target, place, server = Target("simple"), scratch() / "store", Stub("hang")
    argv = record_argv(target, place, server.url("otlp"), "-d", "300ms", "-q")
    process = subprocess.Popen([str(a) for a in argv], stderr=subprocess.PIPE, env=ENVIRONMENT)
    at_end(process.kill)
    wait_until(lambda: server.requests, "it pushes")
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=5 * SLOW)
    expect(process.returncode == 1 and b"interrupted" in stderr, process.returncode, stderr)
    expect(len(list(place.glob("simple/*.pb.gz"))) == 1, "the file is there")


main()
