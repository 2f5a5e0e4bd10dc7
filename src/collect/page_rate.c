// SPDX-License-Identifier: Apache-2.0
/* Up at once to what the cost demands, down in steps. */
#include "collect/page_rate.h"

#define TOO_CHEAP 4 /* times below the share there are to be more samples */
#define STEP_DOWN 8
#define TOO_DEAR  1.25

void page_rate_init(struct page_rate *rate, uint64_t now_ns)
{
	*rate = (struct page_rate){.period = 1, .time_ns = now_ns};
}

uint64_t page_rate_decide(struct page_rate *rate, double cost_ns, uint64_t now_ns)
{
	double elapsed = now_ns > rate->time_ns ? (double)(now_ns - rate->time_ns) : 1;
	double excess = (cost_ns - rate->cost_ns) / elapsed / PAGE_RATE_SHARE;
	double period = (double)rate->period;

	if (excess <= TOO_DEAR && elapsed < PAGE_RATE_CALM_NS)
		return rate->period;
	if (excess > TOO_DEAR)
		period *= excess;
	else if (excess < 1.0 / TOO_CHEAP)
		period /= excess * STEP_DOWN < 1 ? STEP_DOWN : 1 / excess;
	rate->cost_ns = cost_ns;
	rate->time_ns = now_ns;
	rate->period = period >= PAGE_RATE_MAX ? PAGE_RATE_MAX : (uint64_t)period | 1;
	return rate->period;
}
