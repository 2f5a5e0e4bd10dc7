// SPDX-License-Identifier: Apache-2.0
/*
 * A library that comes and goes, built twice: NAME_run calls NAME_middle calls NAME_alloc calls
 * malloc. FRAME (bytes) and PADDING (instructions) make every frame and every address of the two
 * differ, so that the unwind table of one is wrong for the other.
 */
#include <stdlib.h>

#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)
#define F(name)	    JOIN(NAME, name)
#define FRAMED	    __attribute__((noipa))
#define PAD	    __asm__ volatile(".rept %c0\n nop\n .endr" : : "i"(PADDING))

static inline void use(volatile char *bytes)
{
	bytes[0] = 1;
	__asm__ volatile("" : : "r"(bytes) : "memory");
}

FRAMED void *F(_alloc)(size_t size);
FRAMED void *F(_middle)(size_t size);
void *run(size_t size);

FRAMED void *F(_alloc)(size_t size)
{
	volatile char frame[FRAME];
	void *p;

	PAD;
	p = malloc(size);
	use(frame);
	return p;
}

FRAMED void *F(_middle)(size_t size)
{
	volatile char frame[2 * FRAME];
	void *p;

	PAD;
	p = F(_alloc)(size);
	use(frame);
	return p;
}

static FRAMED void *F(_run)(size_t size)
{
	volatile char frame[3 * FRAME];
	void *p;

	PAD;
	p = F(_middle)(size);
	use(frame);
	return p;
}

void *run(size_t size)
{
	void *p = F(_run)(size);

	__asm__ volatile("" : "+r"(p));
	return p;
}
