// SPDX-License-Identifier: Apache-2.0
// Functions of every form. Statements are spread over lines, so that a line is right only when the
// position inside the function is. A case is { name, run(size) }, and warm(size) where run() would
// not exercise the same code.
'use strict';

const { take } = require('../take.js');

function plain(size) {
	const before = size;
	return before +
		take(
			size,
		);
}

function outer(size) {
	function middle() {
		function inner() {
			return [
				1,
				take(size),
			];
		}

		return inner()
			.concat(2);
	}

	return middle();
}

const arrow = (size) =>
	take(
		size);

const arrow_with_body = (size) => {
	const result =
		1 +
		take(size);
	return result;
};

function call(callback) {
	return callback();
}

function anonymous_callback(size) {
	return call(function () {
		return (
			take(size)
		);
	});
}

function anonymous_arrow(size) {
	return call(
		() =>
			call(
				() => take(size)));
}

function default_argument(size, taken = take(
	size,
)) {
	return taken;
}

function tag(strings, ...values) {
	return strings.length +
		values.reduce(
			(sum, value) => sum + take(
				value),
			0);
}

function tagged_template(size) {
	return tag`a
		template over
		lines ${size} and its end`;
}

function* generator(size) {
	yield 1;
	yield take(
		size);
	yield 3;
}

function generator_driver(size) {
	let sum = 0;
	for (const value of
		generator(size))
		sum += value;
	return sum;
}

function* delegating(size) {
	yield*
		generator(size);
}

function delegating_driver(size) {
	return [
		...delegating(size),
	];
}

// More than 20 locals, of which a closure captures most: they live in a context.
function many_locals(size) {
	let a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, i = 9, j = 10, k = 11, l = 12;
	let m = 13, n = 14, o = 15, p = 16, q = 17, r = 18, s = 19, t = 20, u = 21, v = 22, w = 23;

	const sum_of_locals = () => {
		const sum = a + b + c + d + e + f + g + h + i + j + k + l +
			m + n + o + p + q + r + s + t + u + v + w;
		return sum +
			take(size);
	};

	a = w;
	return sum_of_locals() +
		a;
}

function many_registers(size) {
	const a = size + 1, b = a + 1, c = b + 1, d = c + 1, e = d + 1, f = e + 1, g = f + 1, h = g + 1;
	const i = h + 1, j = i + 1, k = j + 1, l = k + 1, m = l + 1, n = m + 1, o = n + 1, p = o + 1;
	const q = p + 1, r = q + 1, s = r + 1, t = s + 1, u = t + 1, v = u + 1, w = v + 1;
	take(
		size);
	return a + b + c + d + e + f + g + h + i + j + k + l + m + n + o + p + q + r + s + t + u + v + w;
}

function recursive(size, depth = 6) {
	if (depth > 0)
		return recursive(
			size,
			depth - 1) + 1;
	return take(size);
}

const object = {
	method(size) {
		return take(
			size);
	},
	['computed' + 1](size) {
		return 0 +
			take(size);
	},
	get property() {
		return call(() =>
			take(this.size));
	},
	size: 0,
};

const holder = {};
holder.member = function (size) {
	return 1 +
		take(size);
};

function with_finally(size) {
	try {
		throw new RangeError('expected');
	} catch {
		return 1;
	} finally {
		take(
			size);
	}
}

function in_a_loop(size) {
	let sum = 0;
	for (let i = 0; i < 4; i++) {
		if (i === 2)
			sum +=
				take(size);
		sum += i;
	}
	return sum;
}

function rest_and_spread(...sizes) {
	return Math.max(
		...sizes.map((size) =>
			take(size)));
}

function named_expression(size) {
	const f = function its_own_name() {
		return take(
			size);
	};
	return f();
}

module.exports = [
	{ name: 'plain', run: (size) => plain(size) },
	{ name: 'nested', run: (size) => outer(size) },
	{ name: 'arrow', run: (size) => arrow(size) },
	{ name: 'arrow with body', run: (size) => arrow_with_body(size) },
	{ name: 'anonymous callback', run: (size) => anonymous_callback(size) },
	{ name: 'anonymous arrow', run: (size) => anonymous_arrow(size) },
	{ name: 'default argument', run: (size) => default_argument(size) },
	{ name: 'tagged template', run: (size) => tagged_template(size) },
	{ name: 'generator', run: (size) => generator_driver(size) },
	{ name: 'delegating generator', run: (size) => delegating_driver(size) },
	{ name: 'many locals in a context', run: (size) => many_locals(size) },
	{ name: 'many locals in registers', run: (size) => many_registers(size) },
	{ name: 'recursion', run: (size) => recursive(size) },
	{ name: 'method of a literal', run: (size) => object.method(size) },
	{ name: 'computed name', run: (size) => object.computed1(size) },
	{
		name: 'getter of a literal', run(size) {
			object.size = size;
			return object.property;
		},
	},
	{ name: 'assigned to a member', run: (size) => holder.member(size) },
	{ name: 'finally', run: (size) => with_finally(size) },
	{ name: 'in a loop', run: (size) => in_a_loop(size) },
	{ name: 'rest and spread', run: (size) => rest_and_spread(size) },
	{ name: 'named expression', run: (size) => named_expression(size) },
];
