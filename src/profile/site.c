// SPDX-License-Identifier: Apache-2.0
/*
 * The table of allocators' and wrappers' names. Add a row when a library's helper hides the line a
 * reader looks for; a helper that keeps the memory itself (a cache, a pool) is no wrapper.
 */
#include "profile/site.h"

#include <string.h>

enum language {
	ANY,
	RUST, /* no argument list in the name: keeps a C++ namespace "core" or "alloc" apart */
};

struct pattern {
	const char *text; /* a whole name; a trailing '*' stands for any rest */
	enum language language;
};

static const struct pattern patterns[] = {
	/* the C library, and the names its allocator has inside; helpers that return new memory */
	{"malloc", ANY},
	{"calloc", ANY},
	{"realloc", ANY},
	{"reallocarray", ANY},
	{"posix_memalign", ANY},
	{"aligned_alloc", ANY},
	{"memalign", ANY},
	{"valloc", ANY},
	{"pvalloc", ANY},
	{"__libc_malloc", ANY},
	{"__libc_calloc", ANY},
	{"__libc_realloc", ANY},
	{"__libc_memalign", ANY},
	{"strdup", ANY},
	{"__strdup", ANY},
	{"strndup", ANY},
	{"__strndup", ANY},
	{"wcsdup", ANY},
	{"asprintf", ANY},
	{"__asprintf*", ANY},
	{"vasprintf", ANY},
	{"__vasprintf*", ANY},
	{"getline", ANY},
	{"getdelim", ANY},
	{"__getdelim", ANY},
	/* what touches new memory first (--source page): allocators inside, and who fills it */
	{"_int_malloc", ANY},
	{"_int_realloc", ANY},
	{"_int_memalign", ANY},
	{"_mid_memalign*", ANY},
	{"sysmalloc*", ANY},
	{"new_heap", ANY},
	{"alloc_new_heap", ANY},
	{"arena_get*", ANY},
	{"tcache_init*", ANY},
	{"malloc_hook_ini", ANY},
	{"ptmalloc_init*", ANY},
	{"__libc_malloc_impl", ANY},
	{"__malloc_alloc_meta", ANY},
	{"alloc_group", ANY},
	{"alloc_slot", ANY},
	{"je_*", ANY},
	{"tcmalloc::*", ANY},
	{"mi_*", ANY},
	{"_mi_*", ANY},
	{"memset", ANY},
	{"__memset*", ANY},
	{"memcpy", ANY},
	{"__memcpy*", ANY},
	{"memmove", ANY},
	{"__memmove*", ANY},
	{"[system call]", ANY},
	{"read", ANY},
	{"__read", ANY},
	{"__libc_read", ANY},
	{"recv", ANY},
	{"__libc_recv*", ANY},
	/* system calls that map memory (--with-mmap), and the functions around them */
	{"[mmap]", ANY},
	{"[mremap]", ANY},
	{"[brk]", ANY},
	{"allocate_stack", ANY},
	{"mmap", ANY},
	{"mmap64", ANY},
	{"__mmap", ANY},
	{"__mmap64", ANY},
	{"mremap", ANY},
	{"__mremap", ANY},
	{"brk", ANY},
	{"__brk", ANY},
	{"__brk_call", ANY},
	{"sbrk", ANY},
	{"__sbrk", ANY},
	/* C programs' own */
	{"xmalloc*", ANY},
	{"xcalloc*", ANY},
	{"xrealloc*", ANY},
	{"xstrdup", ANY},
	{"xstrndup", ANY},
	{"xmemdup", ANY},
	{"zmalloc*", ANY},
	{"zcalloc*", ANY},
	{"zrealloc*", ANY},
	{"zstrdup", ANY},
	{"ztrymalloc*", ANY},
	{"ztrycalloc*", ANY},
	{"ztryrealloc*", ANY},
	{"sdsnew*", ANY},
	{"_sdsnewlen", ANY},
	{"sdstrynewlen", ANY},
	{"sdsdup", ANY},
	{"sdsempty", ANY},
	{"sdsMakeRoomFor*", ANY},
	{"_sdsMakeRoomFor", ANY},
	{"uv__malloc", ANY},
	{"uv__calloc", ANY},
	{"uv__realloc*", ANY},
	{"CRYPTO_malloc", ANY},
	{"CRYPTO_zalloc", ANY},
	{"CRYPTO_realloc", ANY},
	{"CRYPTO_strdup", ANY},
	{"CRYPTO_memdup", ANY},
	{"sqlite3MemMalloc", ANY},
	{"sqlite3MemRealloc", ANY},
	{"sqlite3Malloc*", ANY},
	{"sqlite3DbMalloc*", ANY},
	{"sqlite3DbRealloc*", ANY},
	{"sqlite3_malloc*", ANY},
	{"sqlite3_realloc*", ANY},
	{"mallocWithAlarm", ANY},
	/* GLib */
	{"g_malloc*", ANY},
	{"g_try_malloc*", ANY},
	{"g_realloc*", ANY},
	{"g_try_realloc*", ANY},
	{"g_slice_*", ANY},
	{"g_strdup*", ANY},
	{"g_strndup", ANY},
	{"g_memdup*", ANY},
	{"g_aligned_alloc*", ANY},
	/* C++: operators, containers and strings, and V8's malloc */
	{"operator new", ANY},
	{"operator new(*", ANY},
	{"operator new[]*", ANY},
	{"std::*", ANY},
	{"__gnu_cxx::*", ANY},
	{"v8::base::Malloc*", ANY},
	{"v8::internal::AllocWithRetry*", ANY},
	{"v8::internal::AllocAtLeastWithRetry*", ANY},
	{"v8::internal::AlignedAlloc*", ANY},
	{"v8::internal::BackingStore::*", ANY},
	{"v8::internal::Heap::AllocateExternalBackingStore*", ANY},
	{"v8::ArrayBuffer::NewBackingStore*", ANY},
	{"node::NodeArrayBufferAllocator::*", ANY},
	{"node::Malloc*", ANY},
	{"node::UncheckedMalloc*", ANY},
	{"node::Realloc*", ANY},
	{"node::UncheckedRealloc*", ANY},
	/* V8's heap: what happened there, and its way from the code that allocates */
	{"[scavenge]", ANY},
	{"[mark-compact]", ANY},
	{"[minor mark-compact]", ANY},
	{"[collection]", ANY},
	{"[new space]", ANY},
	{"[old space]", ANY},
	{"[large object]", ANY},
	{"[allocation]", ANY},
	{"v8::internal::Heap::*", ANY},
	{"v8::internal::HeapAllocator::*", ANY},
	{"v8::internal::MainAllocator::*", ANY},
	{"v8::internal::NewSpace::*", ANY},
	{"v8::internal::SemiSpaceNewSpace::*", ANY},
	{"v8::internal::PagedSpace*", ANY},
	{"v8::internal::SpaceWithLinearArea::*", ANY},
	{"v8::internal::Factory::*", ANY},
	{"v8::internal::FactoryBase<*", ANY},
	{"v8::internal::Runtime_Allocate*", ANY},
	{"heap::base::Stack::*", ANY},
	{"PushAllRegistersAndIterateStack", ANY},
	{"Builtins_CEntry*", ANY},
	{"Builtins_AllocateIn*", ANY},
	/* Rust */
	{"__rustc::*", ANY},
	{"__rust_alloc*", ANY},
	{"__rust_realloc", ANY},
	{"__rdl_alloc*", ANY},
	{"__rdl_realloc", ANY},
	{"__rg_alloc*", ANY},
	{"__rg_realloc", ANY},
	{"alloc::*", RUST},
	{"core::*", RUST},
	{"hashbrown::*", RUST},
	/* Python */
	{"PyMem_*", ANY},
	{"_PyMem_*", ANY},
	{"PyObject_Malloc", ANY},
	{"PyObject_Calloc", ANY},
	{"PyObject_Realloc", ANY},
	{"_PyObject_Malloc*", ANY},
	{"_PyObject_Calloc*", ANY},
	{"_PyObject_Realloc*", ANY},
	{"_PyObject_Alloc*", ANY},
	{"_PyObject_New*", ANY},
	{"_PyObject_GC_*", ANY},
	{"PyType_GenericAlloc", ANY},
	{"_PyType_AllocNoTrack", ANY},
	{"pymalloc_alloc", ANY},
	{"new_arena", ANY},
};

/* A demangled name taken apart. */
struct parts {
	const char *path;	   /* the qualified name, behind a return type */
	size_t length;		   /* of the path, up to the argument list */
	const char *operator_name; /* "operator new ..." in it, or NULL */
	bool has_arguments;
};

static const char anonymous[] = "(anonymous namespace)";

/*
 * A space outside of brackets ends a return type. Brackets of operator< and the like do not pair,
 * so an operator's name ends the walk.
 */
static struct parts take_apart(const char *name)
{
	struct parts parts = {.path = name};
	const char *p = name;
	int depth = 0;

	for (; *p; p++) {
		if (*p == '<' || *p == '{' || *p == '[') {
			depth++;
		} else if (*p == '>' || *p == '}' || *p == ']') {
			depth -= depth > 0;
		} else if (depth > 0) {
			continue;
		} else if (!strncmp(p, anonymous, sizeof(anonymous) - 1)) {
			p += sizeof(anonymous) - 2;
		} else if (*p == '(') {
			parts.has_arguments = true;
			break;
		} else if (*p == ' ' && p[1] == '[') { /* "f [clone .cold]" */
			break;
		} else if (*p == ' ') {
			parts.path = p + 1;
		} else if (*p == 'o' && !strncmp(p, "operator", 8) &&
			   (p == name || p[-1] == ' ' || p[-1] == ':')) {
			parts.operator_name = p;
			parts.has_arguments = true;
			p += strlen(p);
			break;
		}
	}
	parts.length = p - parts.path;
	return parts;
}

static bool matches(const char *name, size_t length, const char *pattern)
{
	size_t head = strlen(pattern);
	bool any_rest = pattern[head - 1] == '*';

	head -= any_rest;
	if (length < head || (!any_rest && length != head))
		return false;
	return memcmp(name, pattern, head) == 0;
}

static bool in_table(const char *name, size_t length, bool has_arguments)
{
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (!(patterns[i].language == RUST && has_arguments) &&
		    matches(name, length, patterns[i].text))
			return true;
	return false;
}

/*
 * Rust's "<Type as Trait>::method" belongs to whoever wrote the type; when that is a primitive or a
 * type parameter (no path in it), to whoever wrote the trait.
 */
static bool is_rust_impl_wrapper(const char *name)
{
	const char *type = name + strspn(name, "<&[*"), *as, *colon;

	if (!strncmp(type, "mut ", 4))
		type += 4;
	as = strstr(type, " as ");
	colon = strstr(type, "::");
	if (as && colon && as < colon)
		type = as + 4;
	return in_table(type, strlen(type), false);
}

bool site_is_wrapper(const char *name)
{
	struct parts parts;

	if (*name == '<')
		return is_rust_impl_wrapper(name);
	parts = take_apart(name);
	if (in_table(parts.path, parts.length, parts.has_arguments))
		return true;
	return parts.operator_name &&
	       in_table(parts.operator_name, strlen(parts.operator_name), true);
}

/* The mark at the root of a stack that was cut is no line of anybody's code. */
static bool is_cut_mark(const struct stack_frame *frame)
{
	return strcmp(frame->name, "[truncated]") == 0;
}

static const char *module_of(const struct stack *stack, const struct stack_frame *frame)
{
	const struct profile *profile = stack->profile;
	uint32_t mapping = profile->locations[frame->location].mapping;

	return mapping < profile->nr_mappings ? profile->mappings[mapping].file : NULL;
}

/* A script of the program, not one of those node has inside. */
static bool is_own_script(const struct stack_frame *frame)
{
	return frame->javascript && strncmp(frame->file, "node:", 5) != 0;
}

/* The file that V8 is in, by the first frame that must be V8's; NULL when there is none. */
static const char *runtime_module(const struct stack *stack)
{
	for (uint32_t i = 0; i < stack->nr_frames; i++)
		if (!strncmp(stack->frames[i].name, "Builtins_", 9) ||
		    !strncmp(stack->frames[i].name, "v8::", 4))
			return module_of(stack, &stack->frames[i]);
	return NULL;
}

/*
 * Below the program's own JavaScript, all that belongs to the runtime is wrapper: V8, what is
 * linked with it (node, OpenSSL, zlib), node's own scripts. An addon is not. *ret is untouched when
 * no frame is the program's JavaScript.
 */
static bool find_javascript(const struct stack *stack, uint32_t *ret)
{
	const char *runtime = runtime_module(stack);
	uint32_t own = 0, i = 0;

	while (own < stack->nr_frames && !is_own_script(&stack->frames[own]))
		own++;
	if (own == stack->nr_frames)
		return false;
	for (; i < own; i++) {
		const struct stack_frame *frame = &stack->frames[i];
		const char *module = module_of(stack, frame);

		if (!frame->javascript && !site_is_wrapper(frame->name) && module != runtime &&
		    module && strcmp(module, PROFILE_JAVASCRIPT) != 0)
			break;
	}
	*ret = i;
	return true;
}

uint32_t site_frame(const struct stack *stack)
{
	uint32_t nr = stack->nr_frames, found;

	if (find_javascript(stack, &found))
		return found;
	if (nr > 1 && is_cut_mark(&stack->frames[nr - 1]))
		nr--;
	for (uint32_t i = 0; i < nr; i++)
		if (!site_is_wrapper(stack->frames[i].name))
			return i;
	return nr ? nr - 1 : 0;
}

void site_key(const struct stack *stack, uint32_t frame, bool lines, uint64_t ret[SITE_KEY_WORDS])
{
	const struct stack_frame *at = &stack->frames[frame];

	ret[0] = (uintptr_t)at->name;
	ret[1] = (uintptr_t)at->file;
	ret[2] = lines		  ? (uint64_t)at->line
		 : at->javascript ? (uint64_t)stack_start_line(stack, at)
				  : 0;
}
