// SPDX-License-Identifier: Apache-2.0
// take(size) allocates @size bytes outside V8's heap and notes where JavaScript was at that moment.
// Both happen on one line, so each frame of the native stack, from take() to the root, is at the line
// that V8 says. warm() runs the same machine code that is measured: the same branches with the same
// types, only small sizes that are kept nowhere, so that nothing is deoptimized by the first real size.
'use strict';

const SMALL = 100; // beyond what V8 keeps in its own heap
const kept = [null, null];
const errors = [null, null];
const state = { at: 0 };

function take(size) {
	kept[state.at] = Buffer.allocUnsafeSlow(size); errors[state.at] = new Error('here');
	return size;
}

// One line of truth: frames leaf first, [function, file, line]. V8's own builtins have no script, and
// frames that an await has left are on no machine stack.
function frames_of(error) {
	let frames = [];
	const before = Error.prepareStackTrace;
	Error.prepareStackTrace = (_, sites) => {
		frames = sites
			.filter((site) => !site.isAsync() && site.getLineNumber() > 0)
			.map((site) => [site.getFunctionName(), site.getFileName() ?? null, site.getLineNumber()]);
		return '';
	};
	void error.stack;
	Error.prepareStackTrace = before;
	return frames;
}

// Runs case after case; @nr_warm runs with a small size come before.
async function warm(cases, nr_warm) {
	Error.stackTraceLimit = 0;
	for (const one of cases) {
		for (let i = 0; i < nr_warm; i++) {
			state.at = i & 1;
			const result = (one.warm ?? one.run)(SMALL);
			// Not each: an await is a turn of the promise queue.
			if (result instanceof Promise && (i & 63) === 63)
				await result;
		}
	}
}

async function measure(cases, first_size, step) {
	const truths = [];
	Error.stackTraceLimit = 100;
	for (const one of cases) {
		const at = truths.length + 2;
		const size = first_size + truths.length * step;
		kept.push(null);
		errors.push(null);
		state.at = at;
		await one.run(size);
		truths.push({ case: one.name, size, error: errors[at] });
	}
	return truths.map(({ case: name, size, error }) =>
		({ case: name, size, frames: error ? frames_of(error) : [] }));
}

module.exports = { take, warm, measure };
