import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { MEMORY_BASE } from '../../ts/wasm/module.js';
import { brokenModule, readModule } from './wasm-module.js';

const BUILDS = ['debug', 'scalar', 'simd', 'simd.mt'] as const;
/** Budgets in bytes. Raise one only with a reason in the commit that does. */
const MAX_BYTES = { debug: 1_500_000, scalar: 400_000, simd: 400_000, 'simd.mt': 400_000 } as const;
/** `memoryBase` of asconfig.json: the first page stays free, so that address 0 is never a value. */
const CONSTANTS_FROM = 65_536;

const rulesFor = (build: (typeof BUILDS)[number]) => ({
  dataFrom: CONSTANTS_FROM,
  dataTo: MEMORY_BASE,
  shared: build === 'simd.mt',
  maxBytes: MAX_BYTES[build],
  unoptimised: build === 'debug',
});
const present = BUILDS.filter((build) => existsSync(`dist/kernels/${build}.wasm`));
const facts = present.map((build) => ({ build, facts: readModule(readFileSync(`dist/kernels/${build}.wasm`)) }));

test('the kernels are built', { skip: present.length < BUILDS.length && `only ${present.join(', ')} are built here` }, () => {
  assert.deepEqual(present, BUILDS);
});

for (const { build, facts: module } of facts) {
  test(`the ${build} module imports memory only, keeps no state and its constants in place`, (t) => {
    t.diagnostic(`${module.bytes} bytes, ${module.exports.length} exports`);
    assert.ok(module.exports.length > 0);
    assert.deepEqual(brokenModule(build, module, rulesFor(build)), []);
  });
}

test('every build exports the same functions', () => {
  for (const { build, facts: module } of facts) assert.deepEqual(module.exports, facts[0]?.facts.exports, build);
});

test('exported kernels are named in snake_case, and give no 64-bit integer', () => {
  for (const each of facts[0]?.facts.exports ?? []) {
    assert.match(each, /^[a-z][a-z0-9_]*\(/, each);
    assert.doesNotMatch(each, /v128|-> \(i64\)/, `${each}: 64-bit results cross as f64, or stay in memory`);
  }
});

// Modules made by hand, one fault each: a rule that refuses none of them checks nothing.
const text = (value: string) => [value.length, ...Buffer.from(value)];
const section = (id: number, ...content: number[]) => [id, content.length, ...content];
const MEMORY = section(2, 1, ...text('env'), ...text('memory'), 2, 0, 16);
const NAMES = section(0, ...text('name'));
const moduleOf = (...sections: number[][]) => Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flat()]);
/** `i32.const 65536`, end. */
const AT_BASE = [0x41, 0x80, 0x80, 0x04, 0x0b];

const faults: readonly [string, RegExp, Uint8Array][] = [
  [
    'an imported function',
    /imports env\.abort/,
    moduleOf(section(1, 1, 0x60, 0, 0), section(2, 2, ...MEMORY.slice(3), ...text('env'), ...text('abort'), 0, 0), NAMES),
  ],
  ['a memory of its own', /a memory of its own/, moduleOf(MEMORY, section(5, 1, 0, 1), NAMES)],
  ['no memory', /does not import its memory/, moduleOf(NAMES)],
  ['shared memory', /memory is shared/, moduleOf(section(2, 1, ...text('env'), ...text('memory'), 2, 3, 1, 16), NAMES)],
  ['a mutable global', /mutable globals/, moduleOf(MEMORY, section(6, 1, 0x7f, 1, 0x41, 0, 0x0b), NAMES)],
  ['a table', /has a table/, moduleOf(MEMORY, section(4, 1, 0x70, 0, 1), NAMES)],
  ['a start function', /a start function/, moduleOf(MEMORY, section(8, 0), NAMES)],
  ['no names', /no names/, moduleOf(MEMORY)],
  ['data too low', /2 bytes of data at 16/, moduleOf(MEMORY, section(11, 1, 0, 0x41, 16, 0x0b, 2, 1, 1), NAMES)],
  ['passive data', /data at NaN/, moduleOf(MEMORY, section(11, 1, 1, 2, 1, 1), NAMES)],
  ['too many bytes', /at most 100/, moduleOf(MEMORY, section(11, 1, 0, ...AT_BASE, 100, ...new Array<number>(100).fill(1)), NAMES)],
];

for (const [name, message, bytes] of faults) {
  test(`a module with ${name} is refused`, () => {
    const offences = brokenModule('made', readModule(bytes), {
      dataFrom: CONSTANTS_FROM,
      dataTo: MEMORY_BASE,
      shared: false,
      maxBytes: 100,
    });
    assert.equal(offences.filter((each) => message.test(each)).length, 1, offences.join('; '));
  });
}

test('a module with none of these faults is accepted', () => {
  const bytes = moduleOf(MEMORY, section(6, 1, 0x7f, 0, 0x41, 0x7f, 0x0b), section(11, 1, 0, ...AT_BASE, 2, 1, 1), NAMES);
  assert.deepEqual(
    brokenModule('made', readModule(bytes), { dataFrom: CONSTANTS_FROM, dataTo: MEMORY_BASE, shared: false, maxBytes: 100 }),
    [],
  );
});
