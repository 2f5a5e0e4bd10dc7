// SPDX-License-Identifier: Apache-2.0
/* AT&T syntax, as gcc and clang print operands: N@$number, N@%register,
 * N@number(%base,%index,scale) with every part of the last but the base left out at will. */
#include "elf/usdt_arguments.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* In the order of enum ht_told_register; each with its lower parts. */
static const char *const registers[HT_TOLD_NR_REGISTERS][4] = {
	{"rax", "eax", "ax", "al"},	 {"rbx", "ebx", "bx", "bl"},
	{"rcx", "ecx", "cx", "cl"},	 {"rdx", "edx", "dx", "dl"},
	{"rsi", "esi", "si", "sil"},	 {"rdi", "edi", "di", "dil"},
	{"rbp", "ebp", "bp", "bpl"},	 {"rsp", "esp", "sp", "spl"},
	{"r8", "r8d", "r8w", "r8b"},	 {"r9", "r9d", "r9w", "r9b"},
	{"r10", "r10d", "r10w", "r10b"}, {"r11", "r11d", "r11w", "r11b"},
	{"r12", "r12d", "r12w", "r12b"}, {"r13", "r13d", "r13w", "r13b"},
	{"r14", "r14d", "r14w", "r14b"}, {"r15", "r15d", "r15w", "r15b"},
};

/* "%rdi" at *@at. */
static int take_register(const char **at, uint8_t *ret)
{
	size_t length;

	if (**at != '%')
		return -EINVAL;
	length = strcspn(*at + 1, " ,)");
	for (int i = 0; i < HT_TOLD_NR_REGISTERS; i++)
		for (int k = 0; k < 4; k++) {
			const char *name = registers[i][k];

			if (strlen(name) != length || memcmp(name, *at + 1, length) != 0)
				continue;
			*ret = i;
			*at += 1 + length;
			return 0;
		}
	return -ENOTSUP;
}

static int take_number(const char **at, int64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoll(*at, &end, 0);
	if (end == *at || errno)
		return -EINVAL;
	*at = end;
	return 0;
}

/* "(%base,%index,scale)" behind the displacement. */
static int take_memory(const char **at, struct ht_told_argument *ret)
{
	int64_t scale = 1;
	int err;

	ret->kind = HT_TOLD_MEMORY;
	ret->index = HT_TOLD_NO_REGISTER;
	++*at;
	err = take_register(at, &ret->base);
	if (!err && **at == ',') {
		++*at;
		err = take_register(at, &ret->index);
		if (!err && **at == ',') {
			++*at;
			err = take_number(at, &scale);
		}
	}
	if (!err && (*(*at)++ != ')' || (scale != 1 && scale != 2 && scale != 4 && scale != 8)))
		err = -EINVAL;
	ret->scale = scale;
	return err;
}

static int take_operand(const char **at, struct ht_told_argument *ret)
{
	int64_t number;
	int err;

	if (**at == '$') {
		++*at;
		ret->kind = HT_TOLD_NUMBER;
		err = take_number(at, &number);
		ret->number = err ? 0 : number;
		return err;
	}
	if (**at == '%') {
		ret->kind = HT_TOLD_REGISTER;
		return take_register(at, &ret->base);
	}
	if (**at == '(')
		return take_memory(at, ret);
	if (take_number(at, &number))
		return -ENOTSUP; /* a symbol */
	ret->number = number;
	return **at == '(' ? take_memory(at, ret) : -EINVAL;
}

static int take_argument(const char **at, struct ht_told_argument *ret)
{
	int64_t size;
	int err = take_number(at, &size);

	*ret = (struct ht_told_argument){0};
	if (err || *(*at)++ != '@')
		return -EINVAL;
	if (size != 1 && size != 2 && size != 4 && size != 8 && size != -1 && size != -2 &&
	    size != -4 && size != -8)
		return -EINVAL;
	ret->size = size;
	err = take_operand(at, ret);
	return err ?: **at && **at != ' ' ? -EINVAL : 0;
}

int usdt_arguments_parse(const char *text, size_t nr, struct ht_told_argument *ret)
{
	for (size_t i = 0; i < nr; i++) {
		int err;

		text += strspn(text, " ");
		err = take_argument(&text, &ret[i]);
		if (err)
			return err;
	}
	return 0;
}
