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
  if (field.kind === 'binary') {
    if (text === '' && !raw.quoted) return field.nullable ? null : '';
    const bytes = bytesOfBase64(text);
    return bytes === undefined || bytes.length > stringBytes ? undefined : bytes;
  }
  if (field.kind === 'utf8') {
    if (text === '' && !raw.quoted) return field.nullable ? null : '';
    const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
    const escapes = raw.quoted ? (text.match(/"/g)?.length ?? 0) : 0;
    if (bytes.length + escapes > stringBytes) return undefined;
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

/** Decoded, a character for each byte. Padding may be absent. */
function bytesOfBase64(text: string): string | undefined {
  const [, digits = '', padding = ''] = /^([A-Za-z0-9+/]*)(=*)$/.exec(text) ?? [text, '?'];
  const short = (4 - (digits.length % 4)) % 4;
  if (digits === '?' || short === 3 || (padding !== '' && padding.length !== short)) return undefined;
  return Buffer.from(digits, 'base64').toString('latin1');
}

/** mantissa · 10^exponent */
function decimalOf(text: string): { mantissa: bigint; exponent: number } | undefined {
  const parts = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/.exec(text);
  if (parts === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts;
  const magnitude = BigInt(whole + fraction);
  return { mantissa: sign === '-' ? -magnitude : magnitude, exponent: Number(exponent) - fraction.length };
}

/** Rounded down; undefined when `whole` and there is a fraction. */
function scaled(text: string, scale: number, whole: boolean): bigint | undefined {
  const number = decimalOf(text);
  if (number === undefined) return undefined;
  const exponent = number.exponent + scale;
  if (exponent >= 0) return number.mantissa * 10n ** BigInt(exponent);
  const unit = 10n ** BigInt(-exponent);
  const rest = ((number.mantissa % unit) + unit) % unit;
  return whole && rest !== 0n ? undefined : (number.mantissa - rest) / unit;
}

function integerOf(text: string): bigint | undefined {
  const value = scaled(text, 0, true);
  return value !== undefined && BigInt.asIntN(64, value) === value ? value : undefined;
}

const ISO = /^(\d{4}|[+-]\d{6})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(?:[Zz]|([+-])(\d\d)(?::?(\d\d))?)?)?$/;

function timeOf(text: string, format: string): bigint | undefined {
  const ms = format === 'auto' || format === 'iso' ? isoTime(text) : undefined;
  const value = ms ?? (format === 'iso' ? undefined : scaled(text, format === 's' ? 3 : format === 'us' ? -3 : 0, false));
  return value !== undefined && value <= BigInt(MAX_TIME_MS) && value >= -BigInt(MAX_TIME_MS) ? value : undefined;
}

function isoTime(text: string): bigint | undefined {
  const parts = ISO.exec(text);
  if (parts === null || parts[1] === '-000000') return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map((p) => Number(p ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const zone = Number(parts[9] ?? 0) * 60 + Number(parts[10] ?? 0);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  if (hour > 23 || minute > 59 || second > 59 || Number(parts[9] ?? 0) > 23 || Number(parts[10] ?? 0) > 59) return undefined;
  const ms = Number((parts[7] ?? '0').padEnd(3, '0').slice(0, 3));
  return BigInt(date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 + ms - zone * 60_000 * (parts[8] === '-' ? -1 : 1));
}
