// SPDX-License-Identifier: Apache-2.0
/* Names as reports show them, and names made to exhaust the demangler. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "symbolize/demangle.h"

static void assert_shown(const char *symbol, const char *expected)
{
	char *shown = demangle(symbol);

	assert_non_null(shown);
	assert_string_equal(shown, expected);
	free(shown);
}

static void test_cplusplus(void **state)
{
	(void)state;
	assert_shown("_ZN3foo3barIiEEvT_", "foo::bar<int>");
	assert_shown("_ZNSt6vectorIiSaIiEE9push_backEOi",
		     "std::vector<int, std::allocator<int> >::push_back");
	assert_shown("_ZZ4mainENKUliE_clEi", "main::{lambda(int)#1}::operator()");
	assert_shown("_ZN1AC2Ei", "A::A");
	assert_shown("_ZN12_GLOBAL__N_13fooEv", "(anonymous namespace)::foo");
	assert_shown("_Znwm", "operator new");
}

static void test_rust(void **state)
{
	(void)state;
	assert_shown("_ZN3std2io5stdio6_print17h8f7b2e1c0d9a3456E", "std::io::stdio::_print");
	assert_shown("_ZN5alloc7raw_vec19RawVec$LT$T$C$A$GT$8grow_one17h8f7b2e1c0d9a3456E",
		     "alloc::raw_vec::RawVec<T,A>::grow_one");
	assert_shown("_RNvCs1234_7mycrate4main", "mycrate::main");
	assert_shown("_RINvNtC3std3mem8align_ofjdE", "std::mem::align_of::<usize, f64>");
}

static void test_clones(void **state)
{
	(void)state;
	assert_shown("read_line.constprop.0.isra.0", "read_line");
	assert_shown("read_line.cold", "read_line");
	assert_shown("_Z3foov.part.0", "foo");
	assert_shown("_ZN3std2io5stdio6_print17h8f7b2e1c0d9a3456E.llvm.123456",
		     "std::io::stdio::_print");
	assert_shown("main.main.func1", "main.main.func1");
	assert_shown(".cold", ".cold");
}

static void test_not_mangled(void **state)
{
	(void)state;
	assert_shown("malloc", "malloc");
	assert_shown("", "");
	assert_shown("_Z", "_Z");
	assert_shown("_ZN3fo", "_ZN3fo");
	assert_shown("_R", "_R");
	assert_shown("malloc@plt", "malloc@plt");
}

/* "S_", "S0_", ... "S9_", "SA_", ... */
static void append_substitution(char *symbol, unsigned int index)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	char text[] = {'S', digits[index - 1], '_', '\0'};

	strcat(symbol, text);
}

/* Each template argument doubles the one before: 250 bytes for a gigabyte. */
static void test_bomb(void **state)
{
	char symbol[1024] = "_Z1fI1AIiiE";
	clock_t before = clock();

	(void)state;
	for (unsigned int i = 0; i < 28; i++) {
		append_substitution(symbol, 1);
		strcat(symbol, "I");
		append_substitution(symbol, 2 + i);
		append_substitution(symbol, 2 + i);
		strcat(symbol, "E");
	}
	strcat(symbol, "Evv");
	assert_shown(symbol, symbol);
	assert_true(clock() - before < CLOCKS_PER_SEC);
}

/* Any bytes give some name, and nothing is lost or overrun (the sanitizers watch). */
static void test_garbage(void **state)
{
	static const char letters[] = "_ZRNvCsI1AT0EKS9bL17hFPOiU$.";
	uint32_t random = 1;

	(void)state;
	for (unsigned int round = 0; round < 20000; round++) {
		char symbol[48] = "_Z", *shown;

		symbol[1] = round & 1 ? 'Z' : 'R';
		for (size_t i = 2; i < sizeof(symbol) - 1; i++) {
			random = random * 1664525 + 1013904223;
			symbol[i] = letters[(random >> 16) % (sizeof(letters) - 1)];
		}
		shown = demangle(symbol);
		assert_non_null(shown);
		assert_true(*shown);
		free(shown);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cplusplus), cmocka_unit_test(test_rust),
		cmocka_unit_test(test_clones),	  cmocka_unit_test(test_not_mangled),
		cmocka_unit_test(test_bomb),	  cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
