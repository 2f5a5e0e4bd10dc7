#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""What the programs cost this kernel's verifier. Part of `make check-vm`, for each kernel there."""

from harness import *


@test("every program loads, and the verifier processes at most 20,000 instructions of it")
def verifier():
    result = run([BUILD / "bench/verifier"])
    for line in result.stdout.splitlines():
        print(f"# {line}")
    expect_status(result, 0)


main()
