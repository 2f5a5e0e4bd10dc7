// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Allocations that the process tells of itself (heaptap/told.h). Its sampler has chosen them and
 * says what each stands for, so all are taken as they come. The probe lies in the middle of a
 * function: the walk begins there, as if it were to return behind the probe's nop.
 */
#include "account.bpf.h"
#include "heaptap/told.h"
#include "hit.bpf.h"

struct told_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, HT_MAX_TOLD);
	__type(key, __u32);
	__type(value, struct ht_told);
} told SEC(".maps");

struct values {
	__u64 of[HT_TOLD_ARGUMENTS];
};

/* The lower bytes of @value that belong to the argument. */
static __always_inline __u64 cut(__u64 value, __s32 size)
{
	__u32 shift = (64 - 8 * (size < 0 ? -size : size)) & 63;

	return size < 0 ? (__u64)((__s64)(value << shift) >> shift) : value << shift >> shift;
}

/* false when it cannot be read. */
static __always_inline bool value_of(const struct ht_told_argument *argument,
				     const __u64 registers[HT_TOLD_NR_REGISTERS], __u64 *ret)
{
	__u64 value = argument->number;

	if (argument->kind != HT_TOLD_NUMBER)
		value += registers[argument->base % HT_TOLD_NR_REGISTERS];
	if (argument->kind == HT_TOLD_MEMORY) {
		if (argument->index != HT_TOLD_NO_REGISTER)
			value +=
				registers[argument->index % HT_TOLD_NR_REGISTERS] * argument->scale;
		if (bpf_probe_read_user(&value, sizeof(value), (void *)value))
			return 0;
	}
	*ret = cut(value, argument->size);
	return 1;
}

/* The first @nr arguments; not 0 and counted when one cannot be read. Registers are copied first:
 * the verifier takes them at constant places of the context alone. */
static __noinline int told_read(struct pt_regs *ctx, __u32 index, __u32 nr, struct values *ret)
{
	const struct ht_told *at = bpf_map_lookup_elem(&told, &index);
	const __u64 registers[HT_TOLD_NR_REGISTERS] = {
		[HT_TOLD_RAX] = ctx->rax, [HT_TOLD_RBX] = ctx->rbx, [HT_TOLD_RCX] = ctx->rcx,
		[HT_TOLD_RDX] = ctx->rdx, [HT_TOLD_RSI] = ctx->rsi, [HT_TOLD_RDI] = ctx->rdi,
		[HT_TOLD_RBP] = ctx->rbp, [HT_TOLD_RSP] = ctx->rsp, [HT_TOLD_R8] = ctx->r8,
		[HT_TOLD_R9] = ctx->r9,	  [HT_TOLD_R10] = ctx->r10, [HT_TOLD_R11] = ctx->r11,
		[HT_TOLD_R12] = ctx->r12, [HT_TOLD_R13] = ctx->r13, [HT_TOLD_R14] = ctx->r14,
		[HT_TOLD_R15] = ctx->r15,
	};

	for (__u32 i = 0; at && i < HT_TOLD_ARGUMENTS && i < nr; i++)
		if (!value_of(&at->arguments[i], registers, &ret->of[i])) {
			loss_add(HT_LOSS_told_unread);
			return -1;
		}
	return at ? 0 : -1;
}

SEC("uprobe/told_alloc")
int told_alloc(struct pt_regs *ctx)
{
	struct values values = {};
	struct allocation a = {};
	__u64 weight;
	struct hit hit;

	if (!hit_init(&hit, ctx, 0))
		return 0;
	if (told_read(ctx, hit.cookie.site, 3, &values) || !values.of[0])
		return hit_done(&hit, 0);
	COUNT(hit.stats, allocs);
	a.process = hit.process;
	a.address = values.of[0];
	a.size = values.of[1];
	weight = values.of[2];
	a.weight = (weight > a.size ? weight : a.size) << HT_BYTES_SHIFT;
	a.start.pc = hit.pc + 1;
	a.start.sp = hit.sp;
	a.start.fp = hit.fp;
	a.start.rbx = hit.rbx;
	a.probe = hit.cookie.probe;
	account_alloc(&a);
	return hit_done(&hit, 0);
}

SEC("uprobe/told_free")
int told_free(struct pt_regs *ctx)
{
	struct values values = {};
	struct ht_live_key key = {};
	struct ht_live entry;
	struct hit hit;

	if (!hit_init(&hit, ctx, 0))
		return 0;
	if (told_read(ctx, hit.cookie.site, 1, &values))
		return hit_done(&hit, 0);
	key.tgid = hit.tgid;
	key.epoch = hit.epoch;
	key.address = values.of[0];
	COUNT(hit.stats, frees);
	if (account_take(&key, &entry))
		account_free(&entry);
	return hit_done(&hit, 0);
}
