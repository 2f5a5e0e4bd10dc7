// SPDX-License-Identifier: Apache-2.0
/*
 * Stops in many kinds of functions, cold and ever hotter, and says each time what V8 itself thinks
 * its stack is: one line of JSON on stdout, then it waits for one byte on stdin. Whoever reads the
 * stack from outside in between must see the same.
 */
'use strict';
const fs = require('fs');
const vm = require('vm');

const rounds = [1, 400, 5000, 60000]; // calls before each stop: interpreted, baseline, optimized
const MAX_MS = Number(process.env.MAX_MS || 60); // of one round of calls
const byte = Buffer.alloc(1);
let scenario = '', round = 0;
Error.stackTraceLimit = Infinity;

function describe(error, sites) {
  return sites.map((s) => ({
    function: s.getFunctionName() || '', script: s.getScriptNameOrSourceURL() || '',
    line: s.getLineNumber(), column: s.getColumnNumber(), async: Boolean(s.isAsync && s.isAsync()),
  }));
}

function park() {
  const before = Error.prepareStackTrace;
  Error.prepareStackTrace = describe;
  const stack = new Error().stack;
  Error.prepareStackTrace = before;
  fs.writeSync(1, JSON.stringify({ scenario, round, stack }) + '\n');
  while (!fs.readSync(0, byte, 0, 1));
}

// Called through a variable with many targets, so that no compiler knows what comes: neither is the
// call inlined nor does the last one, park, throw optimized code away.
const nothing = [() => 1, () => 2, () => 3, () => 4, () => 5];
let hook = nothing[0];
function stop() {
  hook();
  return 1;
}

class Base {
  constructor(n) {
    this.n = n;
    this.started = stop();
  }
  method(x) {
    const y = x + 1;
    return y + this.inner(y);
  }
  inner(y) {
    if (y > 1000000)
      return 0;
    return stop() + y;
  }
}

class Derived extends Base {
  #secret = 1;
  field = this.compute();
  static total = 0;
  constructor(n) {
    super(n);
    this.m = this.#hidden(n);
  }
  compute() { return stop(); }
  #hidden(n) {
    let sum = 0;
    for (let i = 0; i < 2; i++) {
      sum += n;
    }
    return sum + stop();
  }
  get value() {
    const v = this.#secret;
    return v + stop();
  }
  set value(v) {
    this.#secret = v;
    stop();
  }
  static make(n) {
    Derived.total++;
    return Derived.#build(n);
  }
  static #build(n) {
    return stop() + n;
  }
  ['computed' + 'Name'](n) {
    return stop() * n;
  }
}

function* numbers(n) {
  for (let i = 0; i < n; i++) {
    yield i;
    stop();
  }
}

function fibonacci(n) {
  if (n < 2) {
    stop();
    return n;
  }
  return fibonacci(n - 1) +
    fibonacci(n - 2);
}

function lowest(x) { return x + stop(); }
function lower(x) {
  let y = x;
  y += lowest(x);
  return y;
}
function upper(x) {
  return [
    1,
    lower(x),
    2,
  ].length;
}
function uppermost(x) {
  const a = upper(x);
  const b = a + upper(x + 1);
  return b;
}

function manyLocals(p) {
  let a = p, b = a + 1, c = b + 1, d = c + 1, e = d + 1, f = e + 1, g = f + 1, h = g + 1;
  let i = h + 1, j = i + 1, k = j + 1, l = k + 1, m = l + 1, n = m + 1, o = n + 1, q = o + 1;
  let r = q + 1, s = r + 1, t = s + 1, u = t + 1, v = u + 1, w = v + 1, x = w + 1, y = x + 1;
  const all = () => a + b + c + d + e + f + g + h + i + j + k + l + m + n + o + q + r + s + t + u;
  return (function lastOfMany() {
    v = w + x + y;
    return all() + stop();
  })();
}

const object = {
  plain() {
    return stop();
  },
  arrow: () => {
    return stop();
  },
  get accessor() {
    return stop();
  },
  'quoted name'() {
    return stop();
  },
};
object.assigned = function () {
  return stop();
};
object.nested = { deeper: {} };
object.nested.deeper.assigned = function () {
  return stop();
};
Base.prototype.added = function () {
  return stop();
};

/* A sealed book: 封筒 */
function größe(x) {
  const 変数 = x; // a name of two-byte characters
  return 変数 + stop();
}

const evaluated = eval(`(function fromEval(x) {
  const y = x;
  return y + stop();
})`);
const named = eval(`(function fromNamed(x) {
  return x + stop();
})
//# sourceURL=given-name.js`);
const wide = eval(`/* 広い */ (function fromWide(x) {

  return x + stop(); // ✓
})`);
const constructed = new Function('stop', 'x', `
  const y = x;
  return y + stop();`);
const shifted = vm.runInThisContext(`(function shifted(stop) {
  return stop();
})`, { filename: '/virtual/shifted.js', lineOffset: 100, columnOffset: 7 });
const crlf = vm.runInThisContext('(function crlf(stop) {\r\n  const a = 1;\r\n\r  return a + stop();\r\n})',
  { filename: '/virtual/crlf.js' });
const wrapped = vm.compileFunction('\n\nreturn stop() + 1;', ['stop'], { filename: '/virtual/wrapped.js' });

const proxy = new Proxy({}, {
  get(target, key) {
    return stop();
  },
  has(target, key) {
    stop();
    return true;
  },
});
const withToString = { toString() { return 'x' + stop(); } };
const withToJSON = { toJSON() { return stop(); } };
const withPrimitive = { [Symbol.toPrimitive](hint) { return stop(); } };

function caught(x) {
  try {
    if (x >= 0)
      throw new TypeError('thrown');
  } catch (error) {
    return stop();
  } finally {
    x++;
  }
}

function spread(...all) {
  return stop() + all.length;
}

function withDefault(x, y = stop()) {
  return x + y;
}

function switched(x) {
  switch (x % 3) {
  case 0:
    return stop();
  case 1:
    return 1 +
      stop();
  default:
    return stop() + 2;
  }
}

const scenarios = {
  constructor: () => new Derived(1),
  method: () => new Base(1).method(2),
  accessors: (d) => { d.value = 1; return d.value; },
  statics: () => Derived.make(1),
  computed: (d) => d.computedName(2),
  added: (d) => d.added(),
  generator: () => [...numbers(2)].length,
  recursion: () => fibonacci(4),
  nested: () => uppermost(1),
  manyLocals: () => manyLocals(1),
  plain: () => object.plain() + object.arrow() + object.accessor + object['quoted name'](),
  assigned: () => object.assigned() + object.nested.deeper.assigned(),
  unicode: () => größe(1),
  map: () => [1, 2].map((x) => {
    return x + stop();
  }),
  forEach: () => [1, 2].forEach(function each(x) { stop(); }),
  sort: () => [2, 1, 3].sort((a, b) => {
    stop();
    return a - b;
  }),
  reduce: () => [1, 2].reduce((sum, x) => sum + x + stop(), 0),
  filterFind: () => [1, 2, 3].filter((x) => stop()).find((x) => x > 1 && stop()),
  replace: () => 'abc'.replace(/b/g, (m) => m + stop()),
  split: () => 'abc'.replace('b', function (m) {
    return stop();
  }),
  parse: () => JSON.parse('{"a":[1]}', (key, value) => {
    stop();
    return value;
  }),
  stringify: () => JSON.stringify([withToJSON]),
  proxy: () => proxy.anything + ('x' in proxy ? 1 : 0),
  conversion: () => `${withToString}` + (+withPrimitive),
  evaluated: () => evaluated(1),
  namedEval: () => named(1),
  wideEval: () => wide(1),
  newFunction: () => constructed(stop, 1),
  shifted: () => shifted(stop),
  crlf: () => crlf(stop),
  wrapped: () => wrapped(stop),
  caught: () => caught(1),
  spread: () => spread(...[1, 2, 3]) + spread.apply(null, [1]) + spread.call(null, 1),
  bound: () => spread.bind(null, 1)(2),
  withDefault: () => withDefault(1),
  switched: () => switched(0) + switched(1) + switched(2),
  reflect: () => Reflect.apply(lower, null, [1]) + Reflect.construct(Base, [1]).n,
  maps: () => new Map([[1, 2]]).forEach((v, k) => stop()),
  from: () => Array.from({ length: 2 }, (_, i) => i + stop()),
  typed: () => new Uint8Array(2).map((x) => stop()).length,
  iterated: () => { for (const x of new Set([1, 2])) stop(); return 1; },
  destructured: () => { const { accessor } = object; return accessor; },
  tagged: () => ((strings, x) => stop())`a${1}b`,
  closure: () => (function () { return (() => stop())(); })(),
};

/* Stops at the first, or the last, of the calls of hook that one run makes. */
function runAndStop(run, argument, nr) {
  let left = nr;
  hook = () => {
    if (!--left)
      park();
    return 1;
  };
  run(argument);
  hook = nothing[0];
}

function heat(run, argument, calls) {
  const end = Date.now() + MAX_MS;
  for (let i = 0; i < calls && (i % 64 || Date.now() < end); i++) {
    hook = nothing[i % nothing.length];
    run(argument);
  }
}

const wanted = process.argv[2];
async function asynchronous() {
  await null;
  scenario = 'async';
  stopNow();
}
function stopNow() {
  hook = park;
  stop();
  hook = nothing[0];
}

const derived = new Derived(1);
for (const [name, run] of Object.entries(scenarios)) {
  if (wanted && wanted !== name)
    continue;
  let calls = 0;
  scenario = name;
  hook = () => calls++;
  // Its very first run is the cold one; how often hook is called is counted afterwards.
  round = 0;
  runAndStop(run, derived, 1);
  calls = 0;
  hook = () => ++calls;
  run(derived);
  const last = calls;
  for (round = 1; round < rounds.length; round++) {
    heat(run, derived, rounds[round]);
    runAndStop(run, derived, last);
    if (last > 1)
      runAndStop(run, derived, 1);
  }
}
round = 0;
asynchronous().then(() => {
  setTimeout(() => {
    scenario = 'timer';
    stopNow();
    process.nextTick(() => {
      scenario = 'tick';
      stopNow();
      setImmediate(function immediate() {
        scenario = 'immediate';
        stopNow();
        scenario = 'topEval';
        eval('stopNow();\nstopNow()');
      });
    });
  }, 1);
});
