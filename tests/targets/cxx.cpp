// SPDX-License-Identifier: Apache-2.0
/*
 * A C++ program: containers of the standard library, templates, namespaces, the C++ allocation
 * operators. The sums follow from the library's growth rules, read back through capacity(). The
 * site is the function above the one that allocates, since operator new is between.
 */
#include <cstddef>
#include <map>
#include <new>
#include <string>
#include <vector>

extern "C" {
#include "target.h"
}

enum { BLOCKS = 200 };

static struct truth truths[] = {
	{"store::fill_vector", "malloc", 0, 0, 0, 0, false},
	{"store::fill_map", "malloc", 0, 0, 0, 0, false},
	{"store::fill_objects", "malloc", 0, 0, 0, 0, false},
	{"store::fill_aligned", "aligned_alloc", 0, 0, 0, 0, false},
	{"store::fill_strings", "malloc", 0, 0, 0, 0, false},
};

namespace store
{

struct object {
	char body[136];
};
struct alignas(128) aligned_object {
	char body[256];
};

template <typename T> SITE void push(std::vector<T> &values, T value)
{
	size_t before = values.capacity();

	values.push_back(value);
	if (values.capacity() == before)
		return;
	truth_took(&truths[0], values.data(), values.capacity() * sizeof(T));
	if (before)
		truth_gave(&truths[0], before * sizeof(T));
}

SITE void fill_vector(std::vector<uint64_t> &values)
{
	for (uint64_t i = 0; i < 10000; i++)
		push<uint64_t>(values, i);
}

SITE void insert(std::map<int, long> &values, int key)
{
	auto node = values.emplace(key, key);

	truth_took(&truths[1], &*node.first,
		   sizeof(std::_Rb_tree_node<std::pair<const int, long>>));
}

SITE void fill_map(std::map<int, long> &values)
{
	for (int i = 0; i < BLOCKS; i++)
		insert(values, i * 7919 % 10007);
}

SITE object *make_object()
{
	object *p = new object;

	truth_took(&truths[2], p, sizeof(object));
	return p;
}

SITE object *make_array()
{
	object *p = new object[3];

	truth_took(&truths[2], p, 3 * sizeof(object));
	return p;
}

/* Kept where the compiler cannot see: it may leave out an allocation that nobody uses. */
static aligned_object *volatile last_aligned;

SITE void make_aligned()
{
	last_aligned = new aligned_object;
	truth_took(&truths[3], last_aligned, sizeof(aligned_object));
}

SITE void fill_aligned()
{
	for (int i = 0; i < BLOCKS; i++)
		make_aligned();
}

SITE void fill_objects()
{
	for (int i = 0; i < BLOCKS; i++) {
		delete make_object();
		truth_gave(&truths[2], sizeof(object));
		make_object();
		make_array();
	}
}

/* libstdc++ allocates for strings in its own code, which keeps no frame pointer. */
SITE std::string *fill_strings()
{
	/* a buffer of our own for the objects: only their characters come from the heap */
	alignas(std::string) static char room[BLOCKS * sizeof(std::string)];
	std::string *strings = reinterpret_cast<std::string *>(room);

	for (int i = 0; i < BLOCKS; i++) {
		new (&strings[i]) std::string(static_cast<size_t>(100 + i), 'x');
		truth_took(&truths[4], strings[i].data(), strings[i].capacity() + 1);
	}
	return strings;
}

} // namespace store

int main(int argc, char **argv)
{
	std::vector<uint64_t> values;
	std::map<int, long> tree;

	target_begin(argc, argv);
	store::fill_vector(values);
	store::fill_map(tree);
	store::fill_objects();
	store::fill_aligned();
	store::fill_strings();
	target_end(argc, argv, truths, NR(truths));
}
