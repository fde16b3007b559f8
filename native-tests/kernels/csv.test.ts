import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Vector } from '../../ts/columns/batch.js';
import { NONE } from '../../ts/columns/memory.js';
import { field, KINDS, type Field, type Schema } from '../../ts/columns/schema.js';
import { DEFAULT_LIMITS, MAX_BATCH_ROWS } from '../../ts/core/limits.js';
import { Random } from '../../ts/core/random.js';
import { CsvDecoder, type CsvDecoderOptions, type CsvLayout } from '../../ts/wasm/csv-decoder.js';
import { decodeCsv, type CsvValue } from '../../ts/wasm/twins/csv.js';
import { createWorkspace, type Workspace } from '../../ts/wasm/workspace.js';

function valueAt(ws: Workspace, vector: Vector, row: number): CsvValue {
  const { u8, i32, i64, f64 } = ws.memory;
  const bit = (bitmap: number) => (((u8[bitmap + (row >> 3)] ?? 0) >> (row & 7)) & 1) === 1;
  if (vector.validity !== NONE && !bit(vector.validity)) return null;
  switch (vector.kind) {
    case 'bool':
      return bit(vector.values);
    case 'int32':
      return i32[vector.values / 4 + row] ?? 0;
    case 'float64':
      return f64[vector.values / 8 + row] ?? 0;
    case 'int64':
    case 'timestamp':
      return i64[vector.values / 8 + row] ?? 0n;
    default: {
      const bytes = u8.slice(
        vector.values + (i32[vector.offsets / 4 + row] ?? 0),
        vector.values + (i32[vector.offsets / 4 + row + 1] ?? 0),
      );
      return vector.kind === 'utf8' ? new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes) : String.fromCharCode(...bytes);
    }
  }
}

interface Outcome {
  readonly rows: CsvValue[][];
  readonly offsets: number[];
  readonly bad: [number, number][];
  readonly reasons: string[];
}

function decodeIn(
  ws: Workspace,
  bytes: Uint8Array,
  options: CsvDecoderOptions,
  layout: CsvLayout,
  keep?: (row: number) => boolean,
): Outcome {
  const mark = ws.scratch.mark();
  const start = ws.alloc(bytes.length + 2048) + 64;
  // What lies behind a block must not matter.
  ws.memory.u8.fill(0x22, start, start + bytes.length + 64);
  ws.memory.u8.set(bytes, start);
  const decoder = new CsvDecoder(ws, options);
  decoder.useLayout(layout);
  const bad: [number, number, string][] = [];
  const decoded = decoder.decode(start, start + bytes.length, (b) => bad.push([b.start - start, b.end - start, b.reason]));
  bad.sort((a, b) => a[0] - b[0]);
  const kept = Array.from({ length: decoded.rows }, (_, i) => i).filter((row) => keep === undefined || keep(row));
  let selection = NONE;
  if (keep !== undefined) {
    selection = ws.alloc(kept.length * 4);
    ws.memory.i32.set(kept, selection / 4);
  }
  const columns = decoder.materialise(decoded, selection, kept.length);
  const rows = kept.map((_, i) => columns.map((vector) => valueAt(ws, vector, i)));
  const offsets = kept.map((row) => ws.memory.u32[decoded.recordOffsets / 4 + row] ?? 0);
  ws.scratch.release(mark);
  return { rows, offsets, bad: bad.map((b) => [b[0], b[1]]), reasons: bad.map((b) => b[2]) };
}

const text = new TextEncoder();
const options = (fields: Schema, more: Partial<CsvDecoderOptions> = {}): CsvDecoderOptions => ({
  fields,
  limits: DEFAULT_LIMITS,
  delimiter: ',',
  quotedNewlines: true,
  ...more,
});
const straight = (fields: Schema): CsvLayout => ({ columns: fields.length, positions: fields.map((_, i) => i) });

const SNIPPETS: readonly string[] = [
  '',
  '0',
  '-1',
  '7',
  '123456789',
  '-9223372036854775808',
  '9223372036854775807',
  '9223372036854775808',
  '99999999999999999999',
  '2147483648',
  '-2147483648',
  '007',
  '1.5',
  '1.0',
  '-12e3',
  '1500e-2',
  '1.000000000000000000000',
  '00012',
  '-007',
  '-00.5',
  '1700000000.123',
  '-1.5e3',
  '1e3000',
  '+002024-01-31',
  '-000001-01-01T00:00Z',
  '2024-06-01T12:30+02',
  'aGVsbG8=',
  'aGVsbG8',
  'aGVsb',
  'aG=k',
  '\\u0041AAA',
  '-0',
  '-0.0',
  '.5',
  '5.',
  '1e5',
  '1E-7',
  '1e400',
  '1e-400',
  '0.1',
  '123456789.123456789',
  '12345678901234567890.5',
  '1e22',
  '1e23',
  '9007199254740993',
  '+1',
  '1e',
  '--1',
  '1_0',
  '0.000000000000000000000001',
  '179769313486231570000000000000000000000',
  'true',
  'false',
  'TRUE',
  'False',
  'tru',
  'truex',
  'fals',
  'null',
  '2024-01-31',
  '2024-02-29',
  '2023-02-29',
  '2024-02-30T00:00',
  '1969-12-31T23:59:59.999Z',
  '2024-06-01 12:30:45',
  '2024-06-01T12:30:45.1234567+02:00',
  '2024-06-01T12:30-0330',
  '2024-06-01T12',
  '2024-06-01T25:00',
  '0000-01-01',
  '9999-12-31T23:59:59.999Z',
  '1700000000000',
  '8640000000000001',
  '-62135596800000',
  '2024-06-01T12:30:45.',
  '2024-13-01',
  '2024-00-10',
  '2024-04-31',
  'hello',
  'größer',
  '日本語',
  '😀',
  '\u007f',
  'a"b',
  '"',
  '""',
  '"quoted"',
  '"a ""b"" c"',
  '"x,y"',
  '"line\nbreak"',
  '"open',
  '"after"x',
  '""""',
  '"1"',
  '"2024-01-01"',
  ' 1',
  'x'.repeat(40),
];

for (const build of ['debug', 'scalar', 'simd'] as const) {
  describe(`CSV, ${build}`, () => {
    const ws = createWorkspace({ build, bytes: 64 << 20 });

    it('decodes quotes, doubled quotes, delimiters and line ends', () => {
      const fields = [field('a', 'utf8'), field('b', 'utf8', true)];
      const got = decodeIn(ws, text.encode('x,y\r\n"a,""b""\n",\n"",""\n,\n\nlast,"é"'), options(fields), straight(fields));
      assert.deepEqual(got.rows, [
        ['x', 'y'],
        ['a,"b"\n', null],
        ['', ''],
        ['', null],
        ['last', 'é'],
      ]);
      assert.deepEqual(got.offsets, [0, 5, 17, 23, 26]);
      assert.deepEqual(got.bad, []);
    });

    it('knows UTF-8 from what is not', () => {
      const fields = [field('s', 'utf8')];
      const cases: readonly (readonly [boolean, readonly number[]])[] = [
        [true, [0xc2, 0x80]],
        [true, [0xdf, 0xbf]],
        [true, [0xe0, 0xa0, 0x80]],
        [true, [0xed, 0x9f, 0xbf]],
        [true, [0xee, 0x80, 0x80]],
        [true, [0xef, 0xbf, 0xbf]],
        [true, [0xf0, 0x90, 0x80, 0x80]],
        [true, [0xf4, 0x8f, 0xbf, 0xbf]],
        [false, [0x80]],
        [false, [0xc0, 0x80]],
        [false, [0xc1, 0xbf]],
        [false, [0xc2]],
        [false, [0xc2, 0x41]],
        [false, [0xe0, 0x9f, 0xbf]],
        [false, [0xe1, 0x80]],
        [false, [0xed, 0xa0, 0x80]],
        [false, [0xed, 0xbf, 0xbf]],
        [false, [0xf0, 0x8f, 0xbf, 0xbf]],
        [false, [0xf4, 0x90, 0x80, 0x80]],
        [false, [0xf5, 0x80, 0x80, 0x80]],
        [false, [0xff]],
      ];
      for (const [good, bytes] of cases) {
        const got = decodeIn(ws, Uint8Array.from([0x61, ...bytes, 0x0a]), options(fields), straight(fields));
        assert.equal(got.rows.length, good ? 1 : 0, bytes.map((b) => b.toString(16)).join(' '));
      }
    });

    it('says what is wrong with a record, and goes on', () => {
      const fields = [field('n', 'int32'), field('f', 'float64', true), field('s', 'utf8')];
      const lines = ['1,2,c', '1,2', '1,2,3,4', 'x,1,c', ',1,c', '1,1e999,c', '1,1,"c"d', `1,1,${'z'.repeat(21)}`, '2,,d'];
      const got = decodeIn(
        ws,
        text.encode(`${lines.join('\n')}\n`),
        options(fields, { limits: { ...DEFAULT_LIMITS, stringBytes: 20 } }),
        straight(fields),
      );
      assert.deepEqual(got.rows, [
        [1, 2, 'c'],
        [2, null, 'd'],
      ]);
      assert.deepEqual(got.reasons, [
        'expected 3 fields, found 2',
        'expected 3 fields, found 4',
        'n: expected int32, found "x"',
        'n: expected int32, found nothing',
        'f: expected float64, found "1e999"',
        'field 3: text after the closing quote',
        's: expected at most 20 bytes, found 21',
      ]);
    });

    it('reads only projected columns, in the order asked for, and only selected rows', () => {
      const fields = [field('c', 'int64'), field('a', 'utf8')];
      const bytes = text.encode(Array.from({ length: 100 }, (_, i) => `a${i},broken number,${i}\n`).join(''));
      const got = decodeIn(ws, bytes, options(fields), { columns: 3, positions: [2, 0] }, (row) => row % 7 === 3);
      assert.deepEqual(
        got.rows,
        Array.from({ length: 14 }, (_, i) => [BigInt(i * 7 + 3), `a${i * 7 + 3}`]),
      );
    });

    it('gives what its twin gives, for records of every sort', () => {
      const random = new Random(2024);
      for (let round = 0; round < 400; round++) {
        const columns = random.int(1, 5);
        const all: Field[] = Array.from({ length: columns }, (_, i) => ({
          ...field(`c${i}`, random.pick(KINDS), random.bool()),
          format: random.pick(['auto', 'iso', 'ms', 's', 'us'] as const),
        }));
        const positions = random.shuffle(all.map((_, i) => i)).slice(0, random.int(1, columns));
        const delimiter = random.pick([',', ';', '\t', '|']);
        // Values that suit the column for the most part, so that whole rows are good often enough.
        const good: Readonly<Record<string, readonly string[]>> = {
          bool: ['true', 'false'],
          int32: ['1', '-20', '300000'],
          int64: ['5', '123456789012'],
          float64: ['0.25', '-1e3', '3.141592653589793'],
          utf8: ['a', 'héé', '"q,""x"""', '"two\nlines"'],
          binary: ['aGk=', ''],
          timestamp: ['1700000000', '2024-05-06T07:08:09Z'],
        };
        const value = (f: Field) => (random.bool(0.93) ? random.pick(good[f.kind] ?? []) : random.pick(SNIPPETS));
        let csv = '';
        for (let row = random.int(0, 40); row > 0; row--) {
          const shape = random.bool(0.02) ? random.int(0, 6) : columns;
          csv +=
            Array.from({ length: shape }, (_, i) => value(all[i % columns] as Field)).join(delimiter) +
            random.pick(['\n', '\n', '\n', '\r\n', '\n\n']);
        }
        let bytes = text.encode(random.bool() ? csv : csv.trimEnd());
        if (random.bool(0.2) && bytes.length > 0) {
          bytes = bytes.slice();
          for (let i = random.int(1, 5); i > 0; i--)
            bytes[random.int(0, bytes.length - 1)] = random.pick([0x22, 0x0a, 0x0d, 0x80, 0xff, 0xc3, 0, delimiter.charCodeAt(0)]);
        }
        const fields = positions.map((p) => all[p] as Field);
        const opts = options(fields, {
          delimiter,
          quotedNewlines: random.bool(),
          limits: { ...DEFAULT_LIMITS, recordBytes: random.pick([30, 1000]), stringBytes: random.pick([10, 1000]) },
        });
        const layout = { columns, positions };
        const { reasons, ...got } = decodeIn(ws, bytes, opts, layout);
        const want = decodeCsv(bytes, opts, layout);
        assert.deepEqual(
          got,
          want,
          `round ${round}: ${JSON.stringify(new TextDecoder().decode(bytes))} as ${JSON.stringify({ opts, layout })}`,
        );
        assert.equal(reasons.length, want.bad.length);
      }
    });

    it('parses each value as its twin does, in each kind', () => {
      const digits = new Random(5);
      const numbers = Array.from({ length: 500 }, () => {
        const whole = String(digits.uint32()).repeat(digits.int(1, 2)).slice(0, digits.int(1, 19));
        const fraction = digits.bool() ? `.${String(digits.uint32()).slice(0, digits.int(1, 9))}` : '';
        const exponent = digits.bool(0.3) ? `e${digits.int(-30, 30)}` : '';
        return digits.pick(['', '-']) + whole + fraction + exponent;
      });
      for (const kind of KINDS) {
        for (const format of ['auto', 's', 'us'] as const) {
          const fields = [{ ...field('v', kind), format }, field('end', 'utf8')];
          for (const snippet of kind === 'float64' ? [...SNIPPETS, ...numbers] : SNIPPETS) {
            const bytes = text.encode(`${snippet},x\n`);
            const { reasons: _, ...got } = decodeIn(ws, bytes, options(fields), straight(fields));
            assert.deepEqual(got, decodeCsv(bytes, options(fields), straight(fields)), `${kind} ${format} ${JSON.stringify(snippet)}`);
          }
        }
      }
    });

    it('finds where the n-th record ends', () => {
      const random = new Random(3);
      for (let round = 0; round < 300; round++) {
        const csv = Array.from({ length: random.int(0, 60) }, () =>
          random.pick(['a', ',', '\n', '"', '""', '"x\ny"', 'longer text', '\r\n']),
        ).join('');
        const bytes = text.encode(csv);
        const mark = ws.scratch.mark();
        const start = ws.alloc(bytes.length + 128) + 64;
        ws.memory.u8.fill(10, start, start + bytes.length + 64);
        ws.memory.u8.set(bytes, start);
        const n = random.int(1, 20);
        const got = (ws.kernels.csv_records_end(start, start + bytes.length, 44, n) >>> 0) - start;
        let last = 0;
        let seen = 0;
        let inQuotes = false;
        let fieldStart = true;
        for (let i = 0; i < csv.length && seen < n; i++) {
          const c = csv[i];
          if (inQuotes) {
            if (c === '"' && csv[i + 1] === '"') i++;
            else if (c === '"') inQuotes = false;
            fieldStart = false;
          } else if (c === '"' && fieldStart) inQuotes = true;
          else {
            fieldStart = c === ',' || c === '\n';
            if (c === '\n') {
              last = i + 1;
              seen++;
            }
          }
        }
        assert.equal(got, last, JSON.stringify([csv, n]));
        ws.scratch.release(mark);
      }
    });

    it('takes as many bad records as there are, and a full batch', () => {
      const fields = [field('n', 'int32')];
      const many = decodeIn(ws, text.encode('1,2\n'.repeat(3000)), options(fields), straight(fields));
      assert.equal(many.bad.length, 3000);
      const full = decodeIn(ws, text.encode('1\n'.repeat(MAX_BATCH_ROWS)), options(fields), straight(fields));
      assert.equal(full.rows.length, MAX_BATCH_ROWS);
    });
  });
}
