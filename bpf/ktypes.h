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
#define SIGSTOP	  19

/* Keeps the compiler from checking one register and using a copy of it, which the verifier does not
 * see through. */
#define OPAQUE(variable) asm volatile("" : "+r"(variable))

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct mm_struct {
	unsigned long exec_vm; /* pages of mappings that can be executed and not written */
	unsigned long brk;
};

struct vm_area_struct {
	struct file *vm_file;
};

struct perf_sample_data {
	__u64 data_page_size; /* of what is mapped at the event's address; 0: nothing is */
};

struct bpf_perf_event_data_kern {
	struct perf_sample_data *data;
};

struct thread_info {
	unsigned int status; /* x86 */
};

struct thread_struct {
	unsigned long fsbase; /* x86-64 */
};

struct sigaction {
	void *sa_handler;
};

struct k_sigaction {
	struct sigaction sa;
};

struct sighand_struct {
	struct k_sigaction action[64];
};

struct signal_struct {
	struct {
		int counter;
	} live; /* threads that have not begun to exit */
};

struct upid {
	int nr;
};

struct pid {
	unsigned int level;	/* of the innermost pid namespace */
	struct upid numbers[1]; /* one for each level */
};

struct task_struct {
	struct thread_info thread_info;
	int pid, tgid;
	struct pid *thread_pid;
	struct mm_struct *mm;
	struct sighand_struct *sighand;
	struct signal_struct *signal;
	struct thread_struct thread;
};

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task; /* NULL once, at the end */
};
#pragma clang attribute pop

#endif
