// SPDX-License-Identifier: Apache-2.0
// Code that comes from a string: eval, Function, vm with a file name and with an offset.
'use strict';

const vm = require('node:vm');
const { take } = require('../take.js');

function direct_eval(size) {
	return eval('1 +\n' +
		'take(\n' +
		'size)');
}

const defined_by_eval = eval(`
	(function from_eval(size) {
		return 1 +
			take(size);
	})`);

// Indirect: its scope is the global one.
const indirect = (0, eval)(`(take) => function from_global(size) {
	return (
		take(
			size));
}`)(take);

const constructed = new Function('take', 'size', `
	const a = 1;

	return a +
		take(size);
`);

const with_url = eval(`
	(function has_url(size) {
		return take(
			size);
	})
//# sourceURL=named-by-url.js`);

const scripted = new vm.Script(`'use strict';
(take) => {
	function from_script(size) {
		return 2 *
			take(size);
	}
	return (size) =>
		from_script(
			size);
}`, { filename: '/virtual/script.js' }).runInThisContext()(take);

const with_offset = new vm.Script(`(take) => function offset(size) {
	return 3 *
		take(size);
}`, { filename: '/virtual/offset.js', lineOffset: 41 }).runInThisContext()(take);

const in_context = vm.runInNewContext(`(function in_context(size) {
	return 4 *
		take(size);
})`, { take }, { filename: '/virtual/context.js' });

const without_name = vm.runInThisContext(`(take) => function unnamed_script(size) {
	return take(
		size);
}`)(take);

module.exports = [
	{ name: 'direct eval', run: (size) => direct_eval(size) },
	{ name: 'function from eval', run: (size) => defined_by_eval(size) },
	{ name: 'indirect eval', run: (size) => indirect(size) },
	{ name: 'new Function', run: (size) => constructed(take, size) },
	{ name: 'sourceURL', run: (size) => with_url(size) },
	{ name: 'vm.Script', run: (size) => scripted(size) },
	{ name: 'vm.Script with an offset', run: (size) => with_offset(size) },
	{ name: 'vm context', run: (size) => in_context(size) },
	{ name: 'vm.Script without a name', run: (size) => without_name(size) },
];
