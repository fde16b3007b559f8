import { MAX_TIME_MS } from '../../core/limits.js';
import type { Field } from '../../columns/schema.js';
import type { CsvDecoderOptions, CsvLayout } from '../csv-decoder.js';

export type CsvValue = string | number | bigint | boolean | null;

export interface CsvTwinResult {
  readonly rows: readonly (readonly CsvValue[])[];
  /** Offsets of the rows' records, and [start, end) of bad ones. */
  readonly offsets: readonly number[];
  readonly bad: readonly (readonly [number, number])[];
}

interface RawField {
  readonly text: string;
  readonly quoted: boolean;
}

interface RawRecord {
  readonly start: number;
  readonly end: number;
  /** Undefined: its form is wrong. */
  readonly fields: readonly RawField[] | undefined;
}

/** What CsvDecoder does, character by character. Bytes are taken as characters of one byte until values are made. */
export function decodeCsv(bytes: Uint8Array, options: CsvDecoderOptions, layout: CsvLayout): CsvTwinResult {
  const text = Array.from(bytes, (b) => String.fromCharCode(b)).join('');
  const rows: CsvValue[][] = [];
  const offsets: number[] = [];
  const bad: [number, number][] = [];
  for (const record of recordsOf(text, options)) {
    const { fields } = record;
    if (fields?.length === 1 && fields[0]?.text === '' && !fields[0].quoted) continue;
    const formed = fields?.length === layout.columns && record.end - record.start <= options.limits.recordBytes;
    const values = formed
      ? options.fields.map((field, i) => fieldValue(field, fields[layout.positions[i] as number] as RawField, options.limits.stringBytes))
      : [];
    if (!formed || values.includes(undefined)) bad.push([record.start, record.end]);
    else {
      rows.push(values as CsvValue[]);
      offsets.push(record.start);
    }
  }
  return { rows, offsets, bad };
}

function recordsOf(text: string, options: CsvDecoderOptions): RawRecord[] {
  const records: RawRecord[] = [];
  for (let start = 0; start < text.length; ) {
    const fields: RawField[] = [];
    let good = true;
    let at = start;
    for (;;) {
      let content = '';
      let quoted = false;
      if (text[at] === '"') {
        const closing = closingQuote(text, at + 1, options.quotedNewlines);
        if (closing === undefined) {
          good = false;
          const newline = text.indexOf('\n', at);
          at = options.quotedNewlines || newline < 0 ? text.length : newline;
        } else {
          quoted = true;
          content = text.slice(at + 1, closing).replaceAll('""', '"');
          at = closing + 1;
        }
      }
      const rest = at;
      while (at < text.length && text[at] !== options.delimiter && text[at] !== '\n') at++;
      let plain = text.slice(rest, at);
      if (text[at] !== options.delimiter && plain.endsWith('\r')) plain = plain.slice(0, -1);
      if (quoted && plain !== '') good = false;
      fields.push(quoted ? { text: content, quoted } : { text: plain, quoted });
      if (text[at] !== options.delimiter) break;
      at++;
    }
    records.push({ start, end: at, fields: good ? fields : undefined });
    start = at + 1;
  }
  return records;
}

function closingQuote(text: string, from: number, newlines: boolean): number | undefined {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\n' && !newlines) return undefined;
    if (text[at] !== '"') continue;
    if (text[at + 1] !== '"') return at;
    at++;
  }
  return undefined;
}

/** Undefined: bad. */
function fieldValue(field: Field, raw: RawField, stringBytes: number): CsvValue | undefined {
  const { text } = raw;
  if (field.kind === 'utf8' || field.kind === 'binary') {
    if (text === '' && !raw.quoted) return field.nullable ? null : '';
    const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
    const escapes = raw.quoted ? (text.match(/"/g)?.length ?? 0) : 0;
    if (bytes.length + escapes > stringBytes) return undefined;
    if (field.kind === 'binary') return text;
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return undefined;
    }
  }
  if (text === '') return field.nullable ? null : undefined;
  switch (field.kind) {
    case 'bool':
      return /^true$/i.test(text) ? true : /^false$/i.test(text) ? false : undefined;
    case 'int32': {
      const value = integerOf(text);
      return value !== undefined && BigInt.asIntN(32, value) === value ? Number(value) : undefined;
    }
    case 'int64':
      return integerOf(text);
    case 'float64': {
      const value = /^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$/.test(text) ? Number(text) : NaN;
      return Number.isFinite(value) ? value : undefined;
    }
    case 'timestamp':
      return timeOf(text, field.format ?? 'auto');
    default:
      return undefined;
  }
}

function integerOf(text: string): bigint | undefined {
  if (!/^-?[0-9]+$/.test(text)) return undefined;
  const value = BigInt(text);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(?:[Zz]|([+-])(\d\d):?(\d\d))?)?$/;

function timeOf(text: string, format: string): bigint | undefined {
  const parts = ISO.exec(text);
  if (parts !== null && (format === 'auto' || format === 'iso')) {
    const [year, month, day, hour, minute, second] = parts.slice(1, 7).map((p) => Number(p ?? 0)) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const date = new Date(0);
    date.setUTCFullYear(year, month - 1, day);
    if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59) return undefined;
    const shift = (Number(parts[9] ?? 0) * 60 + Number(parts[10] ?? 0)) * 60_000 * (parts[8] === '-' ? -1 : 1);
    if (Number(parts[9] ?? 0) > 23 || Number(parts[10] ?? 0) > 59) return undefined;
    const ms = Number((parts[7] ?? '0').padEnd(3, '0').slice(0, 3));
    return BigInt(date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 + ms - shift);
  }
  const value = format === 'iso' ? undefined : integerOf(text);
  if (value === undefined) return undefined;
  const floored = value / 1000n - (value % 1000n < 0n ? 1n : 0n);
  const ms = format === 's' ? value * 1000n : format === 'us' ? floored : value;
  return ms <= BigInt(MAX_TIME_MS) && ms >= -BigInt(MAX_TIME_MS) ? ms : undefined;
}
