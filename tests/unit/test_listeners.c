// SPDX-License-Identifier: Apache-2.0
/* The kernel's tables of TCP sockets as text, and the sockets of this very process. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "inspector/listeners.h"

static void test_text(void **state)
{
	char table[] =
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
		"timeout inode\n"
		"   0: 0100007F:240D 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0     "
		"   0 4711 1 0\n"
		"   1: 0100007F:240E 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0     "
		"   0 4712 1 0\n"
		"  12: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000     "
		"   0 18446744073709551615 1 0\n"
		"  13: 00000000:0050 00000000:0000 0A\n"
		"  14: 0000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        "
		"0 5 1 0\n"
		"no line\n\n";
	char text[LISTENER_TEXT];
	struct listener listeners[8];

	(void)state;
	assert_int_equal(listeners_parse(table, false, listeners, 8), 2);
	assert_int_equal(listeners[0].port, 9229);
	assert_int_equal(listeners[0].inode, 4711);
	listener_address(&listeners[0], text);
	assert_string_equal(text, "127.0.0.1");
	assert_int_equal(listeners[1].port, 80);
	assert_true(listeners[1].inode == UINT64_MAX);
	listener_address(&listeners[1], text);
	assert_string_equal(text, "127.0.0.1");
}

static void test_text_ipv6(void **state)
{
	static const char lines[] =
		"   0: 00000000000000000000000001000000:240D 00000000000000000000000000000000:0000 0A "
		"00000000:00000000 00:00000000 00000000     0        0 1 1 0\n"
		"   1: 00000000000000000000000000000000:240D 00000000000000000000000000000000:0000 0A "
		"00000000:00000000 00:00000000 00000000     0        0 2 1 0\n"
		"   2: B80D0120000000000000000001000000:240D 00000000000000000000000000000000:0000 0A "
		"00000000:00000000 00:00000000 00000000     0        0 3 1 0\n";
	static const char *const expected[] = {"::1", "::1", "2001:db8::1"};
	struct listener listeners[3];
	char table[sizeof(lines)], text[LISTENER_TEXT];

	(void)state;
	memcpy(table, lines, sizeof(lines));
	assert_int_equal(listeners_parse(table, true, listeners, 3), 3);
	for (int i = 0; i < 3; i++) {
		listener_address(&listeners[i], text);
		assert_string_equal(text, expected[i]);
	}
	memcpy(table, lines, sizeof(lines));
	assert_int_equal(listeners_parse(table, true, listeners, 2), 2);
	memcpy(table, lines, sizeof(lines));
	assert_int_equal(listeners_parse(table, false, listeners, 3), 0);
}

static uint16_t listen_at(const char *address, int *ret_fd)
{
	struct sockaddr_in name = {.sin_family = AF_INET};
	socklen_t size = sizeof(name);

	inet_pton(AF_INET, address, &name.sin_addr);
	*ret_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*ret_fd < 0 || bind(*ret_fd, (struct sockaddr *)&name, sizeof(name)) ||
	    listen(*ret_fd, 1) || getsockname(*ret_fd, (struct sockaddr *)&name, &size))
		return 0;
	return ntohs(name.sin_port);
}

/* Ours are found, the loopback's first, and gone when they are closed. */
static void test_own(void **state)
{
	struct listener *listeners;
	int everywhere, loopback;
	uint16_t ports[2];
	size_t nr;

	(void)state;
	ports[0] = listen_at("0.0.0.0", &everywhere);
	ports[1] = listen_at("127.0.0.1", &loopback);
	if (!ports[0] || !ports[1])
		skip();
	assert_int_equal(listeners_read(getpid(), &listeners, &nr), 0);
	assert_int_equal(nr, 2);
	assert_int_equal(listeners[0].port, ports[1]);
	assert_int_equal(listeners[1].port, ports[0]);
	free(listeners);
	assert_true(listeners_taken(getpid(), ports[0]));
	close(everywhere);
	close(loopback);
	assert_int_equal(listeners_read(getpid(), &listeners, &nr), 0);
	assert_int_equal(nr, 0);
	free(listeners);
	assert_false(listeners_taken(getpid(), ports[0]));
}

static void test_no_process(void **state)
{
	struct listener *listeners;
	size_t nr;

	(void)state;
	assert_int_equal(listeners_read(1 << 30, &listeners, &nr), -ESRCH);
	assert_false(listeners_taken(1 << 30, 80));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_text_ipv6),
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_no_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
