import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as layout from '../../ts/wasm/json-layout.js';
import { STEP } from '../../ts/wasm/json-shape.js';

const SOURCE = readFileSync(new URL('../../../assembly/kernels/json/layout.ts', import.meta.url), 'utf8');
const BYTES: Readonly<Record<string, number>> = { u32: 4, i32: 4, u64: 8, i64: 8 };

/** A struct's fields at their u32 indices, and its size in bytes. */
function structOf(name: string): { indices: Record<string, number>; bytes: number } {
  const body = new RegExp(`class ${name} \\{([^]*?)\\n\\}`).exec(SOURCE)?.[1] ?? '';
  const indices: Record<string, number> = {};
  let at = 0;
  for (const [, field = '', type = ''] of body.matchAll(/^ {2}(\w+): (\w+);$/gm)) {
    const bytes = BYTES[type] ?? assert.fail(`${name}.${field} is ${type}`);
    at = Math.ceil(at / bytes) * bytes;
    indices[field] = at / 4;
    at += bytes;
  }
  return { indices, bytes: at };
}

function constant(name: string): number {
  return Number(new RegExp(`\\b${name}: u32 = (\\d+)`).exec(SOURCE)?.[1] ?? Number.NaN);
}

test('both languages agree on the structs of the JSON kernels', () => {
  const pairs = [
    ['JsonContext', layout.CONTEXT, layout.CONTEXT_BYTES],
    ['JsonColumn', layout.COLUMN, layout.COLUMN_BYTES],
    ['JsonNode', layout.NODE, layout.NODE_BYTES],
    ['JsonBad', layout.BAD, layout.BAD_BYTES],
    ['JsonHosted', layout.HOSTED, layout.HOSTED_BYTES],
    ['JsonStep', layout.TEMPLATE_STEP, layout.TEMPLATE_STEP_BYTES],
  ] as const;
  for (const [name, ours, bytes] of pairs) {
    const theirs = structOf(name);
    for (const [field, index] of Object.entries(ours)) assert.equal(theirs.indices[field], index, `${name}.${field}`);
    assert.equal(bytes, theirs.bytes, `bytes of ${name}`);
  }
});

test('both languages agree on the numbers of kinds, formats, codes and steps', () => {
  for (const [kind, n] of Object.entries(layout.KIND_NUMBERS)) assert.equal(constant(kind.toUpperCase()), n, kind);
  const formats = { auto: 'AUTO', iso: 'ISO', ms: 'MS', s: 'SECONDS', us: 'MICROS' } as const;
  for (const [format, n] of Object.entries(layout.FORMAT_NUMBERS))
    assert.equal(constant(formats[format as keyof typeof formats]), n, format);
  const upper = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c}`).toUpperCase();
  const renamed: Readonly<Record<string, string>> = {
    badBase64: 'BAD_BASE64',
    invalidUtf8: 'INVALID_UTF8',
    int32: 'I32',
    int64: 'I64',
    float64: 'F64',
  };
  for (const [name, n] of Object.entries(layout.CODES)) assert.equal(constant(renamed[name] ?? upper(name)), n, name);
  for (const [name, n] of Object.entries(STEP)) assert.equal(constant(renamed[name] ?? upper(name)), n, name);
});
