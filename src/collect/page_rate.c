// SPDX-License-Identifier: Apache-2.0
/* What a sample of each fault would cost, over what may be spent now. */
#include "collect/page_rate.h"

#define HORIZON_NS 250000000.0 /* the credit is to last so long */
#define TOO_DEAR   1.25	       /* times the period in use: a smaller change is not worth it */
#define TOO_SPARSE 4

void page_rate_init(struct page_rate *rate, uint64_t now_ns)
{
	*rate = (struct page_rate){
		.period = 1, .credit_ns = PAGE_RATE_CREDIT_NS, .time_ns = now_ns};
}

static double within(double value, double low, double high)
{
	return value < low ? low : value > high ? high : value;
}

uint64_t page_rate_decide(struct page_rate *rate, double cost_ns, uint64_t now_ns)
{
	double elapsed = now_ns > rate->time_ns ? (double)(now_ns - rate->time_ns) : 1;
	double spent = cost_ns - rate->cost_ns, period = (double)rate->period;
	double credit =
		within(rate->credit_ns + PAGE_RATE_SHARE * elapsed - spent, 0, PAGE_RATE_CREDIT_NS);
	double share = PAGE_RATE_SHARE + credit / HORIZON_NS;
	double wanted = within(spent / elapsed * period / share, 1, PAGE_RATE_MAX);

	if (elapsed < PAGE_RATE_CALM_NS && wanted <= TOO_DEAR * period)
		return rate->period;
	rate->cost_ns = cost_ns;
	rate->credit_ns = credit;
	rate->time_ns = now_ns;
	if (wanted > TOO_DEAR * period || wanted * TOO_SPARSE < period)
		rate->period = (uint64_t)wanted | 1;
	return rate->period;
}
