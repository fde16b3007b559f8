import { MillraceError } from '../core/errors.js';
import { OP_NAMES, type Batch, type Op } from './batch.js';
import { BatchBuilder, type RowMeta } from './builder.js';
import { attach, detach, type DetachedBatch } from './detached.js';
import type { Memory, Space } from './memory.js';
import { detachedToRows } from './rows.js';
import { field, isKind, isList, itemOf, KINDS, type Field, type Kind } from './schema.js';
import type { Item, Value } from './values.js';

/**
 * Batches as text, for tests:
 *
 *   op time | user utf8 | n int64?
 *   +I 1000 | ann       | 3
 *   -D 2000 | "a | b"   | .
 *
 * The first line names the columns, each with its kind, `?` if it is nullable. A first cell made only of the words `op`,
 * `time`, `clock` and `place` says what each row carries beside its values. `.` is null. Text stands bare, or as a JSON string
 * where that would be misread; bytes as 0x00ff; times as milliseconds or ISO 8601; lists as `[1, 2]`, with every text in them a
 * JSON string. Blank lines do not count.
 */
export function parseTable(text: string): DetachedBatch {
  const [header, ...lines] = text.split('\n').filter((line) => line.trim() !== '');
  if (header === undefined) throw wrong('a table begins with a line of columns, as in `time | user utf8 | n int64?`');
  const cells = splitCells(header);
  const stamps = stampsOf(cells[0] as string);
  const schema = cells.slice(stamps.length > 0 ? 1 : 0).map(parseField);
  const builder = new BatchBuilder(schema);
  for (const line of lines) {
    const found = splitCells(line);
    if (found.length !== cells.length) throw wrong(`expected ${cells.length} cells, found ${found.length}: ${line.trim()}`);
    const meta = stamps.length > 0 ? parseStamps(stamps, found.shift() as string) : undefined;
    builder.appendValues(
      found.map((cell, c) => parseValue(schema[c] as Field, cell)),
      meta,
    );
  }
  const batch = builder.finishDetached();
  return stamps.includes('op') && batch.ops === undefined ? { ...batch, ops: new Uint8Array(batch.rows) } : batch;
}

/** The same, in linear memory. */
export function tableToBatch(space: Space, text: string): Batch {
  return attach(space, parseTable(text));
}

export function printBatch(memory: Memory, batch: Batch): string {
  return printTable(detach(memory, batch));
}

/** What parseTable reads: columns aligned, a line each row. */
export function printTable(batch: DetachedBatch): string {
  const { schema, ops, times, clocks, positions } = batch;
  const stamps: Stamp[] = STAMPS.filter((stamp) => ({ op: ops, time: times, clock: clocks, place: positions })[stamp] !== undefined);
  const columns = schema.map((f) => `${f.name} ${f.kind}${f.nullable ? '?' : ''}`);
  const table = [stamps.length > 0 ? [stamps.join(' '), ...columns] : columns];
  detachedToRows({ ...batch, ops: undefined }).forEach((row, r) => {
    const cells = schema.map((f) => printValue(row[f.name] as Value));
    const carried = {
      op: OP_NAMES[ops?.[r] ?? 0] as Op,
      time: String(times?.[r]),
      clock: String(clocks?.[r]),
      place: String(positions?.[r]),
    };
    table.push(stamps.length > 0 ? [stamps.map((stamp) => carried[stamp]).join(' '), ...cells] : cells);
  });
  const widths = (table[0] as string[]).map((_, c) => Math.max(...table.map((cells) => (cells[c] as string).length)));
  return table
    .map((cells) =>
      cells
        .map((cell, c) => cell.padEnd(widths[c] as number))
        .join(' | ')
        .trimEnd(),
    )
    .join('\n');
}

const STAMPS = ['op', 'time', 'clock', 'place'] as const;
type Stamp = (typeof STAMPS)[number];

function stampsOf(cell: string): Stamp[] {
  const words = cell.split(/\s+/);
  return words.every((word) => (STAMPS as readonly string[]).includes(word)) ? (words as Stamp[]) : [];
}

function parseStamps(stamps: readonly Stamp[], cell: string): RowMeta {
  const words = cell.split(/\s+/);
  if (words.length !== stamps.length) throw wrong(`expected ${stamps.join(' ')}, found ${cell}`);
  const meta: { op?: number; time?: number; clock?: number; position?: bigint } = {};
  stamps.forEach((stamp, i) => {
    const word = words[i] as string;
    if (stamp === 'place') meta.position = BigInt(parseNumber(word, stamp));
    else if (stamp !== 'op') meta[stamp] = parseNumber(word, stamp);
    else if ((meta.op = OP_NAMES.indexOf(word as Op)) < 0) throw wrong(`op: expected ${OP_NAMES.join(', ')}; found ${word}`);
  });
  return meta;
}

function parseField(cell: string): Field {
  const [, name, kind, optional] = /^(\S+)\s+([a-z0-9<>]+)(\?)?$/.exec(cell) ?? [];
  if (name === undefined || !isKind(kind)) {
    throw wrong(`a column is a name and a kind (${KINDS.join(', ')}, list<…> of these), then ? if it may be null; found ${cell}`);
  }
  return field(name, kind, optional !== undefined);
}

function parseValue({ name, kind }: { readonly name: string; readonly kind: Kind }, cell: string): Value {
  if (cell === '.') return null;
  if (isList(kind)) {
    if (!/^\[.*\]$/s.test(cell)) throw wrong(`${name}: expected a list as [1, 2], found ${cell}`);
    const items = cell.slice(1, -1).match(/"(?:[^"\\]|\\.)*"|[^,\s]+/g) ?? [];
    return items.map((item) => parseValue({ name, kind: itemOf(kind) }, item) as Item);
  }
  switch (kind) {
    case 'bool':
      if (cell !== 'true' && cell !== 'false') throw wrong(`${name}: expected true or false, found ${cell}`);
      return cell === 'true';
    case 'int64':
      if (!/^-?\d+$/.test(cell)) throw wrong(`${name}: expected a whole number, found ${cell}`);
      return BigInt(cell);
    case 'timestamp':
      return /^-?\d+$/.test(cell) ? Number(cell) : Date.parse(cell);
    case 'int32':
    case 'float64':
      return parseNumber(cell, name);
    case 'binary':
      if (!/^0x([0-9a-f]{2})*$/.test(cell)) throw wrong(`${name}: expected bytes as 0x00ff, found ${cell}`);
      return Uint8Array.from(cell.slice(2).match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
    default:
      return cell.startsWith('"') ? (JSON.parse(cell) as string) : cell;
  }
}

function parseNumber(word: string, name: string): number {
  if (word === 'NaN') return Number.NaN;
  const number = Number(word);
  if (word === '' || Number.isNaN(number)) throw wrong(`${name}: expected a number, found ${word}`);
  return number;
}

function printValue(value: Value): string {
  if (value === null) return '.';
  if (value instanceof Uint8Array) return `0x${Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  if (typeof value === 'string') return isPlain(value) ? value : JSON.stringify(value);
  if (Array.isArray(value))
    return `[${(value as Item[]).map((v) => (typeof v === 'string' ? JSON.stringify(v) : printValue(v))).join(', ')}]`;
  return Object.is(value, -0) ? '-0' : String(value);
}

/** Whether text can stand bare in a cell. */
function isPlain(text: string): boolean {
  return text !== '' && text !== '.' && text === text.trim() && !/["|\u0000-\u001f\u2028\u2029]/.test(text);
}

/** Cells between bars, trimmed; bars in JSON strings do not count. */
function splitCells(line: string): string[] {
  const cells: string[] = [];
  let cell = '';
  for (const [part] of line.matchAll(/"(?:[^"\\]|\\.)*"|[^|"]+|[|"]/g)) {
    if (part === '|') {
      cells.push(cell.trim());
      cell = '';
    } else {
      cell += part;
    }
  }
  cells.push(cell.trim());
  return cells;
}

function wrong(what: string): MillraceError {
  return new MillraceError('value.invalid', `text table: ${what}`);
}
