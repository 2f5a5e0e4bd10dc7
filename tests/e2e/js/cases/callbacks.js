// SPDX-License-Identifier: Apache-2.0
// Callbacks that V8's own functions call: between the frames of JavaScript there are builtins.
'use strict';

const { EventEmitter } = require('node:events');
const { take } = require('../take.js');

function map(size) {
	return [1, 2].map((value) =>
		value === 1 ?
			take(size) : value);
}

function for_each(size) {
	[size].forEach(function each(value) {
		take(
			value);
	});
}

function reduce(size) {
	return [1, size].reduce((sum, value) =>
		sum +
		take(value));
}

function compare(size) {
	let once = false;
	return [2, 1].sort((a, b) => {
		if (!once) {
			once = true;
			take(
				size);
		}
		return a - b;
	});
}

function replace(size) {
	return 'abc'.replace(/b/, (match) =>
		match +
		take(size));
}

function reviver(size) {
	return JSON.parse('{"a": 1}', (key, value) =>
		key === 'a' ?
			take(size) :
			value);
}

function to_json(size) {
	return JSON.stringify({
		toJSON() {
			return take(
				size);
		},
	});
}

function proxy(size) {
	const trapped = new Proxy({}, {
		get(target, name) {
			return name === 'size' &&
				take(size);
		},
	});
	return trapped
		.size;
}

function proxy_function(size) {
	const trapped = new Proxy(function target() {}, {
		apply: (target, self, [value]) => take(
			value),
	});
	return trapped(
		size);
}

function bound(size) {
	const one = function (a, b) {
		return a +
			take(b);
	}.bind(null, 1);
	return one(
		size);
}

function applied(size) {
	function target(value) {
		return this.base +
			take(value);
	}

	return target.apply(
		{ base: 1 },
		[size]) + Reflect.has({}, 'a');
}

function reflected(size) {
	return Reflect.construct(
		function Constructed(value) {
			this.value =
				take(value);
		},
		[size]);
}

function array_from(size) {
	return Array.from(
		{ length: 1 },
		() =>
			take(size));
}

function map_for_each(size) {
	new Map([[1, size]]).forEach((value) => {
		take(
			value);
	});
}

const emitter = new EventEmitter();
emitter.on('size', function on_size(size) {
	take(
		size);
});
emitter.on('size twice', (size) =>
	emitter.emit(
		'size',
		size));

function emit(size) {
	return emitter.emit(
		'size twice', size);
}

module.exports = [
	map, for_each, reduce, compare, replace, reviver, to_json, proxy, proxy_function, bound, applied,
	reflected, array_from, map_for_each, emit,
].map((run) => ({ name: run.name, run }));
