# SPDX-License-Identifier: Apache-2.0
"""What the tests about unwinding share: recordings with their raw stacks, judged by libdwfl through
tests/stacks/oracle.c, and the share of samples whose stack is complete."""

from harness import *

ORACLE = TARGETS / "oracle"


class DumpedRecording(Recording):
    """A recording that also writes the raw stack of every @every-th sample."""

    def __init__(self, *options, every=131, **more):
        self.dump = scratch() / "stacks"
        dump = ["--dump-stacks", self.dump, "--dump-every", every]
        super().__init__(*dump, *options, **more)

    def judge(self):
        """What the oracle counts; it fails when a stack called complete differs from libdwfl's."""
        result = run([ORACLE, self.dump])
        expect(result.status == 0, f"stacks differ\n{result.stdout}\n{result.stderr}")
        return json.loads(result.stdout.splitlines()[-1]), result


def share(profile):
    return int(profile.notes["complete_samples"]) / max(1, int(profile.notes["samples"]))


def expect_true_stacks(name, recording, least, nr_least):
    """All dumped stacks are libdwfl's, and at least the share @least of all samples is complete."""
    profile = recording.profile()
    score, result = recording.judge()
    compared = score["identical"] + score["equal_so_far"]
    print(
        f"# {name}: {profile.notes['samples']} samples, {100 * share(profile):.2f} % complete; compared"
        f" {score['samples']}: {score['identical']} identical, {score['equal_so_far']} equal as far as"
        f" recorded, {score['different']} different"
    )
    expect(compared >= nr_least, f"only {compared} stacks were compared\n{result}")
    for key in ("judge_stopped", "partial_different", "host_different"):
        expect(not score[key], f"{key}\n{result.stdout}")
    ends = {k: v for k, v in profile.notes.items() if k.startswith("stacks_")}
    expect(share(profile) >= least, f"{100 * share(profile):.2f} % of {name} are complete: {ends}")
    return profile


def names(sample):
    return [plain(f) for f in sample.frames]


def is_complete(sample):
    return "incomplete" not in sample.labels
