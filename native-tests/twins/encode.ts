// Rows as NDJSON and CSV in the plainest way, by JSON.stringify and Date.
import { OP_NAMES } from '../../ts/columns/batch.js';
import type { Field, Schema } from '../../ts/columns/schema.js';
import type { KeyValue } from './hash.js';

export interface TwinOptions {
  readonly ops?: readonly number[] | undefined;
  readonly omitNulls?: boolean;
  readonly delimiter?: string;
}

const isDate = (time: number): boolean => Math.abs(time) <= 8.64e15;

function timestamp(f: Field, value: bigint): string | number | null {
  if (f.format === 'ms') return String(value);
  if (f.format === 'us') return String(value * 1000n);
  if (f.format === 's') {
    const size = value < 0n ? -value : value;
    const decimals = String(size % 1000n)
      .padStart(3, '0')
      .replace(/0+$/, '');
    return `${value < 0n ? '-' : ''}${size / 1000n}${decimals === '' ? '' : `.${decimals}`}`;
  }
  return isDate(Number(value)) ? JSON.stringify(new Date(Number(value))) : null;
}

function json(f: Field, value: KeyValue): string {
  if (value === null) return 'null';
  if (f.kind === 'timestamp') return String(timestamp(f, value as bigint));
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('base64'));
  return typeof value === 'bigint' ? String(value) : JSON.stringify(value);
}

export function ndjsonOf(schema: Schema, rows: readonly (readonly KeyValue[])[], options: TwinOptions = {}): string {
  return rows
    .map((row, r) => {
      const cells = schema.map((f, i) => [f, row[i] ?? null] as const).filter(([, value]) => !(options.omitNulls && value === null));
      const members = cells.map(([f, value]) => `${JSON.stringify(f.name)}:${json(f, value)}`);
      if (options.ops !== undefined) members.unshift(`"op":"${OP_NAMES[options.ops[r] ?? 0]}"`);
      return `{${members.join(',')}}\n`;
    })
    .join('');
}

function cell(f: Field, value: KeyValue, delimiter: string): string {
  if (value === null) return '';
  if (f.kind === 'timestamp') return String(timestamp(f, value as bigint) ?? '').replaceAll('"', '');
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (f.kind !== 'utf8') return String(value);
  const text = String(value);
  return text === '' || /["\r\n]/.test(text) || text.includes(delimiter) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csvOf(schema: Schema, rows: readonly (readonly KeyValue[])[], options: TwinOptions = {}): string {
  const delimiter = options.delimiter ?? ',';
  return rows
    .map((row, r) => {
      const cells = schema.map((f, i) => cell(f, row[i] ?? null, delimiter));
      if (options.ops !== undefined) cells.unshift(OP_NAMES[options.ops[r] ?? 0] ?? '');
      return `${cells.join(delimiter)}\n`;
    })
    .join('');
}
