/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The kernel structs the programs read, relocated by CO-RE: only the fields used, so that no
 * vmlinux.h is needed. A kernel that renames one gets a flavour here, with its commit named.
 */
#ifndef HEAPTAP_BPF_KTYPES_H
#define HEAPTAP_BPF_KTYPES_H

#include <linux/bpf.h>
#include <asm/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

typedef _Bool bool;
#define NULL	  ((void *)0)
#define PAGE_SIZE 4096

/* Keeps the compiler from checking one register and using a copy of it, which the verifier does not
 * see through. */
#define OPAQUE(variable) asm volatile("" : "+r"(variable))

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct mm_struct {
	unsigned long exec_vm; /* pages of mappings that can be executed and not written */
};

struct task_struct {
	struct mm_struct *mm;
	int pid, tgid;
};
#pragma clang attribute pop

#endif
