// SPDX-License-Identifier: Apache-2.0
/*
 * The interpreter. Each instruction either reads its operands and changes the state, or fails; a
 * failure ends the run. The location only grows, and each instruction takes at least a byte, so a
 * run ends after at most as many steps as the program has bytes.
 */
#include "unwind/cfa.h"

#include <dwarf.h>

#include "unwind/expression.h"

#define DW_REG_RBP 6
#define DW_REG_RSP 7
#define DW_REG_RIP 16

/* GCC nests once, hand-written assembly hardly more. */
#define MAX_REMEMBERED 16

struct run {
	const struct cfa_context *context;
	const struct cfa_sink *sink;
	struct bytes program;
	uint64_t at, end; /* the location; behind the function's last byte */
	struct cfa_state state;
	struct cfa_state remembered[MAX_REMEMBERED];
	unsigned int nr_remembered;
};

static const struct ht_rule bad_rule = {.cfa_kind = HT_CFA_BAD};

static bool fits(int64_t value, unsigned int bits)
{
	return value >= -(1LL << (bits - 1)) && value < 1LL << (bits - 1);
}

/* Whether @saved is *(rsp + offset). */
static bool is_at_rsp(const struct cfa_saved *saved, int64_t offset)
{
	return saved->place == CFA_PLACE_AT_RSP && saved->offset == offset;
}

static bool is_ucontext(const struct cfa_state *state)
{
	return state->kind == HT_CFA_DEREF_RSP && state->offset == HT_SIGNAL_RSP &&
	       !state->offset2 && is_at_rsp(&state->fp, HT_SIGNAL_RBP) &&
	       is_at_rsp(&state->ra, HT_SIGNAL_RIP);
}

static bool set_fp(struct ht_rule *rule, const struct cfa_saved *fp)
{
	if (fp->place == CFA_PLACE_SAME)
		return true;
	if (fp->place == CFA_PLACE_AT_CFA)
		rule->fp_kind = HT_FP_AT_CFA;
	else if (fp->place == CFA_PLACE_AT_RBP)
		rule->fp_kind = HT_FP_AT_RBP;
	else
		return false;
	rule->fp_offset = fp->offset / 8;
	return fp->offset % 8 == 0 && fits(fp->offset / 8, 16);
}

static struct ht_rule rule_of(const struct cfa_context *context, const struct cfa_state *state)
{
	struct ht_rule rule = {.cfa_kind = state->kind};

	if (state->ra.place == CFA_PLACE_UNDEFINED)
		return (struct ht_rule){.cfa_kind = HT_CFA_STOP};
	if (context->is_signal)
		return is_ucontext(state) ? (struct ht_rule){.cfa_kind = HT_CFA_SIGNAL} : bad_rule;
	if (state->kind == HT_CFA_BAD || state->sp.place != CFA_PLACE_SAME ||
	    state->ra.place != CFA_PLACE_AT_CFA || state->ra.offset != -8)
		return bad_rule;
	if (!fits(state->offset, 26) || !fits(state->offset2, 16) || !set_fp(&rule, &state->fp))
		return bad_rule;
	rule.offset = state->offset;
	rule.offset2 = state->offset2;
	return rule;
}

static void emit(const struct run *run, struct ht_rule rule)
{
	if (run->sink && run->at < run->end)
		run->sink->emit(run->sink->data, run->at, rule);
}

static bool advance(struct run *run, uint64_t delta)
{
	uint64_t to;

	if (__builtin_mul_overflow(delta, run->context->code_align, &to) ||
	    __builtin_add_overflow(run->at, to, &to))
		return false;
	if (to == run->at)
		return true;
	emit(run, rule_of(run->context, &run->state));
	run->at = to;
	return true;
}

static struct cfa_saved *saved_of(struct cfa_state *state, uint64_t reg)
{
	switch (reg) {
	case DW_REG_RBP:
		return &state->fp;
	case DW_REG_RSP:
		return &state->sp;
	case DW_REG_RIP:
		return &state->ra;
	default:
		return NULL;
	}
}

static bool save(struct run *run, uint64_t reg, enum cfa_place place, int64_t offset)
{
	struct cfa_saved *saved = saved_of(&run->state, reg);

	if (saved)
		*saved = (struct cfa_saved){.place = place, .offset = offset};
	return true;
}

/* *(CFA + factor * data alignment) */
static bool save_factored(struct run *run, uint64_t reg, int64_t factor)
{
	int64_t offset;

	if (__builtin_mul_overflow(factor, run->context->data_align, &offset))
		return false;
	return save(run, reg, CFA_PLACE_AT_CFA, offset);
}

static bool restore(struct run *run, uint64_t reg)
{
	struct cfa_state initial = run->context->initial;
	struct cfa_saved *saved = saved_of(&run->state, reg);

	if (saved)
		*saved = *saved_of(&initial, reg);
	return true;
}

static bool set_cfa_register(struct run *run, uint64_t reg)
{
	run->state.kind = reg == DW_REG_RSP   ? HT_CFA_RSP
			  : reg == DW_REG_RBP ? HT_CFA_RBP
					      : HT_CFA_BAD;
	return true;
}

static bool set_cfa(struct run *run, uint64_t reg, int64_t offset)
{
	run->state.is_register = true;
	run->state.offset = offset;
	run->state.offset2 = 0;
	return set_cfa_register(run, reg);
}

/* Offset alone, or factor times the data alignment. */
static bool set_cfa_offset(struct run *run, int64_t offset, int64_t factor)
{
	return run->state.is_register &&
	       !__builtin_mul_overflow(offset, factor, &run->state.offset);
}

static struct bytes read_block(struct bytes *program)
{
	uint64_t size = bytes_uleb(program);
	const uint8_t *at = program->at;

	return bytes_skip(program, size) ? bytes_of(at, size) : bytes_of(at, 0);
}

static bool set_cfa_expression(struct run *run)
{
	run->state.is_register = false;
	expression_read_cfa(read_block(&run->program), &run->state);
	return true;
}

static bool save_expression(struct run *run)
{
	uint64_t reg = bytes_uleb(&run->program);
	struct cfa_saved saved = expression_read_place(read_block(&run->program));

	return save(run, reg, saved.place, saved.offset);
}

static bool remember(struct run *run)
{
	if (run->nr_remembered == MAX_REMEMBERED)
		return false;
	run->remembered[run->nr_remembered++] = run->state;
	return true;
}

static bool recall(struct run *run)
{
	if (!run->nr_remembered)
		return false;
	run->state = run->remembered[--run->nr_remembered];
	return true;
}

/* A register whose value is not in memory, or that is computed: its operand is only skipped. */
static bool save_other(struct run *run, bool is_block)
{
	uint64_t reg = bytes_uleb(&run->program);

	if (is_block)
		read_block(&run->program);
	else
		bytes_uleb(&run->program);
	return save(run, reg, CFA_PLACE_OTHER, 0);
}

/* Instructions whose operands are numbers for the CFA. */
static bool execute_cfa(struct run *run, uint8_t op)
{
	struct bytes *program = &run->program;
	int64_t factor = run->context->data_align;
	uint64_t reg;

	switch (op) {
	case DW_CFA_def_cfa:
		reg = bytes_uleb(program);
		return set_cfa(run, reg, (int64_t)bytes_uleb(program));
	case DW_CFA_def_cfa_sf:
		reg = bytes_uleb(program);
		return set_cfa(run, reg, 0) && set_cfa_offset(run, bytes_sleb(program), factor);
	case DW_CFA_def_cfa_register:
		return run->state.is_register && set_cfa_register(run, bytes_uleb(program));
	case DW_CFA_def_cfa_offset:
		return set_cfa_offset(run, (int64_t)bytes_uleb(program), 1);
	case DW_CFA_def_cfa_offset_sf:
		return set_cfa_offset(run, bytes_sleb(program), factor);
	case DW_CFA_def_cfa_expression:
		return set_cfa_expression(run);
	default: /* among them DW_CFA_set_loc: assemblers write DW_CFA_advance_loc */
		return false;
	}
}

static bool execute_extended(struct run *run, uint8_t op)
{
	struct bytes *program = &run->program;
	uint64_t reg;

	switch (op) {
	case DW_CFA_nop:
		return true;
	case DW_CFA_advance_loc1:
		return advance(run, bytes_u8(program));
	case DW_CFA_advance_loc2:
		return advance(run, bytes_number(program, 2));
	case DW_CFA_advance_loc4:
		return advance(run, bytes_number(program, 4));
	case DW_CFA_offset_extended:
		reg = bytes_uleb(program);
		return save_factored(run, reg, (int64_t)bytes_uleb(program));
	case DW_CFA_offset_extended_sf:
		reg = bytes_uleb(program);
		return save_factored(run, reg, bytes_sleb(program));
	case DW_CFA_GNU_negative_offset_extended:
		reg = bytes_uleb(program);
		return save_factored(run, reg, -(int64_t)(bytes_uleb(program) & INT64_MAX));
	case DW_CFA_restore_extended:
		return restore(run, bytes_uleb(program));
	case DW_CFA_undefined:
		return save(run, bytes_uleb(program), CFA_PLACE_UNDEFINED, 0);
	case DW_CFA_same_value:
		return save(run, bytes_uleb(program), CFA_PLACE_SAME, 0);
	case DW_CFA_register:
	case DW_CFA_val_offset:
	case DW_CFA_val_offset_sf:
		return save_other(run, false);
	case DW_CFA_val_expression:
		return save_other(run, true);
	case DW_CFA_expression:
		return save_expression(run);
	case DW_CFA_remember_state:
		return remember(run);
	case DW_CFA_restore_state:
		return recall(run);
	case DW_CFA_GNU_args_size:
		bytes_uleb(program);
		return true;
	default:
		return execute_cfa(run, op);
	}
}

/* Whether all went well up to the end of the program, or of the function. */
static bool execute(struct run *run)
{
	while (bytes_left(&run->program) && run->at < run->end) {
		uint8_t op = bytes_u8(&run->program), operand = op & 0x3f;
		bool done;

		switch (op & 0xc0) {
		case DW_CFA_advance_loc:
			done = advance(run, operand);
			break;
		case DW_CFA_offset:
			done = save_factored(run, operand, (int64_t)bytes_uleb(&run->program));
			break;
		case DW_CFA_restore:
			done = restore(run, operand);
			break;
		default:
			done = execute_extended(run, op);
		}
		if (!done || run->program.failed)
			return false;
	}
	return true;
}

void cfa_init(struct cfa_context *context, struct bytes program)
{
	const struct cfa_state unknown = {
		.kind = HT_CFA_BAD,
		.ra = {.place = CFA_PLACE_OTHER},
	};
	struct run run;

	context->initial = unknown;
	run.context = context;
	run.sink = NULL;
	run.program = program;
	run.at = 0;
	run.end = UINT64_MAX;
	run.state = unknown;
	run.nr_remembered = 0;
	if (execute(&run))
		context->initial = run.state;
}

void cfa_run(const struct cfa_context *context, struct bytes program, uint64_t start, uint64_t end,
	     const struct cfa_sink *sink)
{
	struct run run;

	run.context = context;
	run.sink = sink;
	run.program = program;
	run.at = start;
	run.end = end;
	run.state = context->initial;
	run.nr_remembered = 0;
	emit(&run, execute(&run) ? rule_of(context, &run.state) : bad_rule);
}
