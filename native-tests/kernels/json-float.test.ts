import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field } from '../../ts/columns/schema.js';
import { Random } from '../../ts/core/random.js';
import type { KernelBuild } from '../../ts/wasm/module.js';
import { createWorkspace } from '../../ts/wasm/workspace.js';
import { Harness } from './json-check.js';

const BUILDS: readonly KernelBuild[] = ['debug', 'scalar', 'simd'];
const view = new DataView(new ArrayBuffer(8));

function randomDouble(random: Random): number {
  view.setUint32(0, random.uint32());
  view.setUint32(4, random.uint32());
  const value = view.getFloat64(0);
  return Number.isFinite(value) ? value : 0;
}

/** The decimal expansion, digit for digit, of the point between a float64 and the next: the hardest to round. */
function midpoint(random: Random): string {
  const exponent = random.int(-60, 60);
  const odd = (BigInt(random.int(2 ** 52, 2 ** 53 - 1)) << 1n) | 1n;
  if (exponent >= 0) return String(odd << BigInt(exponent));
  const digits = String(odd * 5n ** BigInt(-exponent)).padStart(-exponent + 1, '0');
  return `${digits.slice(0, exponent)}.${digits.slice(exponent)}`;
}

for (const build of BUILDS)
  test(`every decimal becomes the nearest float64, as Number does, ${build}`, () => {
    const random = new Random(17);
    const texts: string[] = [];
    for (let i = 0; i < 4_000; i++) {
      texts.push(String(randomDouble(random)), randomDouble(random).toExponential(random.int(0, 25)));
      texts.push(`${random.int(-1e9, 1e9)}.${random.uint32()}${random.uint32()}`, String((random.float() - 0.5) * 360));
      texts.push(`${random.uint32()}${random.uint32()}e${random.int(-330, 285)}`, `${random.int(1, 99)}e${random.int(-340, 306)}`);
      const between = midpoint(random);
      texts.push(between, between.includes('.') ? `${between}1` : `${between}.0001`, between.replace(/\d$/, '0'));
    }
    const finite = texts.filter((text) => Number.isFinite(Number(text)));
    const harness = new Harness(createWorkspace({ build, bytes: 256 << 20 }), 'template', [field('f', 'float64')], undefined, 16 << 20);
    const { rows, bad } = harness.run(Buffer.from(finite.map((text) => `{"f":${text}}\n`).join('')));
    assert.deepEqual(bad, []);
    for (const [i, { values }] of rows.entries())
      if (!Object.is(values[0], Number(finite[i]))) assert.fail(`${finite[i]} became ${values[0]}`);
    assert.equal(rows.length, finite.length);
  });
