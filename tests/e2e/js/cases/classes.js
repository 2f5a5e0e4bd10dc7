// SPDX-License-Identifier: Apache-2.0
// Whatever a class can hold: constructors, methods, fields, accessors, private and static ones.
'use strict';

const { take } = require('../take.js');

class Base {
	constructor(size) {
		this.taken =
			take(size);
	}
}

class Derived extends Base {
	constructor(size) {
		super(
			size);
		this.more = 1;
	}
}

class Implicit extends Base {
}

class WithField {
	static size = 0;
	before = 1;
	field =
		take(WithField.size);
}

// Since 14.6 V8 tells apart whether static elements or those of the instances come first.
class FieldBehindStatic {
	static first = 1;
	field =
		take(WithField.size);
}

function static_behind_field(size) {
	return class {
		field = 1;
		static taken =
			take(size);
	};
}

class Methods {
	#hidden = 1;

	method(size) {
		return this.#hidden +
			take(size);
	}

	#private_method(size) {
		return 1 +
			take(
				size);
	}

	calls_private(size) {
		return this
			.#private_method(size);
	}

	static static_method(size) {
		return 1 +
			take(size);
	}

	static #private_static(size) {
		return take(
			size);
	}

	static calls_private_static(size) {
		return (
			Methods.#private_static(size)
		);
	}

	get value() {
		return (
			take(this.size)
		);
	}

	set value(size) {
		this.size =
			take(size);
	}

	static set static_value(size) {
		take(
			size);
	}

	toString() {
		return 'size ' +
			take(this.size);
	}

	[Symbol.toPrimitive](hint) {
		return hint === 'number' ? take(
			this.size) : this.toString();
	}

	*[Symbol.iterator]() {
		yield 1;
		yield take(
			this.size);
	}
}

// An object that already has its size, so that run() is nothing but the access.
function sized(size) {
	const object = new Methods();
	object.size = size;
	return object;
}

const Anonymous = [class {
	method(size) {
		return take(
			size);
	}
}][0];

function static_block(size) {
	return class {
		static {
			this.taken =
				take(size);
		}
	};
}

const methods = new Methods();
const settable = new Methods();

module.exports = [
	{ name: 'constructor', run: (size) => new Base(size) },
	{ name: 'derived constructor', run: (size) => new Derived(size) },
	{ name: 'implicit constructor', run: (size) => new Implicit(size) },
	{
		name: 'field', run(size) {
			WithField.size = size;
			return new WithField();
		},
	},
	{
		name: 'field behind static', run(size) {
			WithField.size = size;
			return new FieldBehindStatic();
		},
	},
	{ name: 'static behind field', run: (size) => static_behind_field(size) },
	{ name: 'method', run: (size) => methods.method(size) },
	{ name: 'private method', run: (size) => methods.calls_private(size) },
	{ name: 'static method', run: (size) => Methods.static_method(size) },
	{ name: 'private static method', run: (size) => Methods.calls_private_static(size) },
	{ name: 'getter', run: (size) => sized(size).value },
	{ name: 'setter', run: (size) => settable.value = size },
	{ name: 'static setter', run: (size) => Methods.static_value = size },
	{ name: 'toString', run: (size) => `${sized(size)}` },
	{ name: 'toPrimitive', run: (size) => +sized(size) },
	{ name: 'iterator method', run: (size) => [...sized(size)] },
	{ name: 'anonymous class', run: (size) => new Anonymous().method(size) },
	{ name: 'static block', run: (size) => static_block(size) },
];
