// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * An iterator over threads: what /proc does not tell about them. It uses no map and changes
 * nothing; user space reads its records like a file (src/collect/task_info.c).
 */
#include "ktypes.h"
#include "heaptap/task.h"

SEC("iter/task")
int task_info(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct ht_task record = {0};

	if (!task)
		return 0;
	record.tgid = task->tgid;
	record.tid = task->pid;
	record.fsbase = task->thread.fsbase;
	record.sigusr1 = (__u64)BPF_CORE_READ(task, sighand, action[HT_SIGUSR1 - 1].sa.sa_handler);
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}
