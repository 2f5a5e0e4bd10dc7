#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""speedscope files: valid by speedscope's own schema, and its importer finds the same totals. What
speedscope has read it is made to write again (Ctrl-S), which is compared number by number."""

import base64

from browser import *

VALIDATE = """
const Ajv = require("ajv");
const fs = require("fs");
const ajv = new Ajv({ strict: false });
const schema = JSON.parse(fs.readFileSync(require.resolve("speedscope/dist/release/file-format-schema.json")));
const validate = ajv.compile(schema);
for (const file of process.argv.slice(1))
    if (!validate(JSON.parse(fs.readFileSync(file)))) console.log(file, ajv.errorsText(validate.errors));
"""


def literals():
    program = BUILD / "tests/golden_profiles"
    if not program.exists():
        raise Skip(f"{program} is not built (make check builds it)")
    directory = scratch()
    expect_status(run([program, directory]), 0)
    return sorted(directory.glob("*.pb.gz"))


def written(profile, *options):
    path = scratch() / "profile.speedscope.json"
    report(profile, "-q", "-o", path, *options)
    return path


@test("every profile is valid by the schema of speedscope 1.25")
def schema():
    files = [written(profile) for profile in literals()]
    result = expect_status(run_node(VALIDATE, *files), 0)
    expect(result.stdout == "", result)
    wrong = scratch() / "wrong.json"
    wrong.write_text(files[0].read_text().replace('"sampled"', '"simple"'))
    expect(run_node(VALIDATE, wrong).stdout != "", "a wrong file is found out")


def imported(path):
    """The profile as speedscope has it."""
    loader = scratch() / "load.js"
    data = base64.b64encode(path.read_bytes()).decode()
    loader.write_text(f'speedscope.loadFileFromBase64("{path.name}", "{data}")')
    page = Page(acceptDownloads=True)
    release = npm_modules() / "speedscope/dist/release/index.html"
    page.goto(f"file://{release}#localProfilePath={loader}")
    wait_until(
        lambda: any("timeEnd: import" in line for line in page.said()),
        f"speedscope reads {path.name}",
    )
    wrong = [line for line in page.said() if line.startswith(("error", "uncaught", "dialog"))]
    expect(not wrong, wrong)
    time.sleep(0.3)  # until it is drawn: it takes keys only then
    return json.loads(page.download("Control+s"))


def key_of(document, index):
    frame = document["shared"]["frames"][index]
    return frame["name"], frame.get("file"), frame.get("line")


def stacks(document, one):
    """Pairs of a stack and its weight. speedscope itself writes what begins and ends where."""
    if one["type"] == "sampled":
        return list(zip(one["samples"], one["weights"]))
    found, stack, last = [], [], one["startValue"]
    for event in one["events"]:
        if event["at"] > last:
            found.append((list(stack), event["at"] - last))
        last = event["at"]
        if event["type"] == "O":
            stack.append(event["frame"])
        else:
            expect(stack.pop() == event["frame"], "it closes what was opened last")
    return found


def sums(document):
    """What each function holds with all it calls, by profile."""
    found = {}
    for one in document["profiles"]:
        for stack, weight in stacks(document, one):
            for function in {key_of(document, index) for index in stack}:
                key = (one["name"], *function)
                found[key] = found.get(key, 0) + weight
    return found


@test("speedscope reads what was recorded: its totals and functions are ours")
def reads():
    target = Target("shapes")
    recording = Recording(pid=target.pid)
    target.go()
    recording.stop()
    profile = recording.profile()
    for metric in ("inuse_space", "alloc_objects"):
        path = written(recording.output, "-m", metric)
        ours, theirs = json.loads(path.read_text()), imported(path)
        names = [one["name"] for one in theirs["profiles"]]
        expect(names[0] == metric and set(names) == set(METRICS.values()), names)
        expect(theirs["activeProfileIndex"] == 0, theirs["activeProfileIndex"])
        for one in theirs["profiles"]:
            total = sum(weight for _, weight in stacks(theirs, one))
            expect(total == profile.total(one["name"]), one["name"], total)
            expect(one["unit"] == ("bytes" if "space" in one["name"] else "none"), one["unit"])
        ours, theirs = sums(ours), sums(theirs)
        expect(ours == theirs, set(ours.items()) ^ set(theirs.items()))


@test("speedscope reads names that are markup, and a profile without samples")
def odd():
    for profile in literals():
        name = profile.name.split(".")[0]
        if name not in ("markup", "hostile", "empty", "gc"):
            continue
        path = written(profile)
        ours = json.loads(path.read_text())
        theirs = imported(path)
        expect(sums(ours) == sums(theirs), name, set(sums(ours).items()) ^ set(sums(theirs).items()))


main()
