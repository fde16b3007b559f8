import type { Field, Schema } from '../../columns/schema.js';
import { MAX_TIME_MS, type Limits } from '../../core/limits.js';

/** One line of a block: its values in the schema's order (undefined for null), or refused. */
export interface TwinRecord {
  readonly start: number;
  readonly values: readonly TwinValue[] | undefined;
}

/** utf8 and binary as bytes, integers and timestamps as bigint. */
export type TwinValue = boolean | number | bigint | Uint8Array | undefined;

/** A value that the column cannot take. */
class Refused extends Error {}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** The slow and obvious twin of the JSON kernels: JSON.parse, line by line. Blank lines are left out. */
export function decodeJsonLines(block: Uint8Array, fields: Schema, limits: Limits): TwinRecord[] {
  const records: TwinRecord[] = [];
  for (let start = 0; start < block.length; ) {
    const newline = block.indexOf(0x0a, start);
    const end = newline < 0 ? block.length : newline;
    const line = block.subarray(start, end);
    if (!line.every((c) => c === 0x20 || c === 0x09 || c === 0x0d)) records.push({ start, values: decodeRecord(line, fields, limits) });
    start = end + 1;
  }
  return records;
}

function decodeRecord(line: Uint8Array, fields: Schema, limits: Limits): TwinValue[] | undefined {
  if (line.length > limits.recordBytes) return undefined;
  try {
    const text = strict.decode(line);
    JSON.parse(text);
    const bare = text.replace(/"(?:[^"\\]|\\.)*"/g, '');
    if (!bare.trim().startsWith('{') || depthOf(bare) > limits.nestingDepth || bare.split(':').length - 1 > limits.fieldsPerRecord)
      return undefined;
    // JSON.parse rounds numbers: so they become strings first, marked n, and strings and keys are marked s.
    const marked = text.replace(TOKEN, (token) => (token.startsWith('"') ? `"s${token.slice(1)}` : `"n${token}"`));
    const record: unknown = JSON.parse(marked);
    return fields.map((field) => columnValue(field, find(record, field), limits));
  } catch {
    return undefined;
  }
}

function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const c of text) {
    if (c === '{' || c === '[') deepest = Math.max(deepest, ++depth);
    else if (c === '}' || c === ']') depth--;
  }
  return deepest;
}

function find(record: unknown, field: Field): unknown {
  let at = record;
  for (const key of field.path === undefined ? [field.name] : field.path.split('.')) {
    if (typeof at !== 'object' || at === null || Array.isArray(at)) return undefined;
    at = Object.entries(at).find(([name]) => wellFormed(name) === `s${key}`)?.[1];
  }
  return at;
}

/** With lone surrogates replaced: no UTF-8 holds them. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

function columnValue(field: Field, found: unknown, limits: Limits): TwinValue {
  if (found === undefined || found === null) {
    if (!field.nullable) throw new Refused();
    return undefined;
  }
  if (typeof found === 'boolean') {
    if (field.kind !== 'bool') throw new Refused();
    return found;
  }
  if (typeof found !== 'string') throw new Refused();
  const text = found.slice(1);
  return found.startsWith('n') ? numberOf(field, text) : stringOf(field, text, limits);
}

function numberOf(field: Field, text: string): TwinValue {
  switch (field.kind) {
    case 'float64': {
      const value = Number(text);
      if (!Number.isFinite(value)) throw new Refused();
      return value;
    }
    case 'int32':
    case 'int64': {
      const { value, exact } = wholePart(text, 0);
      const bits = field.kind === 'int32' ? 32 : 64;
      if (!exact || BigInt.asIntN(bits, value) !== value) throw new Refused();
      return value;
    }
    case 'timestamp': {
      if (field.format === 'iso') throw new Refused();
      const { value } = wholePart(text, field.format === 's' ? 3 : field.format === 'us' ? -3 : 0);
      return timeOf(value);
    }
    default:
      throw new Refused();
  }
}

/** floor(text * 10^shift), and whether nothing was cut off. Beyond 10^40 any value will do: nothing takes it. */
function wholePart(text: string, shift: number): { value: bigint; exact: boolean } {
  const [, sign, whole, decimals = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) as RegExpExecArray;
  const digits = BigInt(`${whole}${decimals}`);
  if (digits === 0n) return { value: 0n, exact: true };
  const power = Number(exponent) - decimals.length + shift;
  const magnitude = String(digits).length + power;
  if (magnitude > 40) return { value: 10n ** 40n, exact: true };
  if (magnitude < -40) return { value: sign === '-' ? -1n : 0n, exact: false };
  const signed = sign === '-' ? -digits : digits;
  if (power >= 0) return { value: signed * 10n ** BigInt(power), exact: true };
  const unit = 10n ** BigInt(-power);
  const rest = ((signed % unit) + unit) % unit;
  return { value: (signed - rest) / unit, exact: rest === 0n };
}

function timeOf(ms: bigint): bigint {
  if (ms > BigInt(MAX_TIME_MS) || ms < -BigInt(MAX_TIME_MS)) throw new Refused();
  return ms;
}

function stringOf(field: Field, text: string, limits: Limits): TwinValue {
  switch (field.kind) {
    case 'utf8': {
      const bytes = Buffer.from(text);
      if (bytes.length > limits.stringBytes) throw new Refused();
      return new Uint8Array(bytes);
    }
    case 'binary': {
      const digits = /^([A-Za-z0-9+/]*)(=*)$/.exec(text);
      const tail = (digits?.[1]?.length ?? 0) % 4;
      const padding = digits?.[2]?.length ?? 0;
      if (digits === null || tail === 1 || (padding !== 0 && padding !== (4 - tail) % 4)) throw new Refused();
      const bytes = Buffer.from(text, 'base64');
      if (bytes.length > limits.stringBytes) throw new Refused();
      return new Uint8Array(bytes);
    }
    case 'timestamp':
      if (field.format !== undefined && field.format !== 'auto' && field.format !== 'iso') throw new Refused();
      return isoTime(text);
    default:
      throw new Refused();
  }
}

const ISO = /^(\d{4}|[+-]\d{6})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(?:[Zz]|([+-])(\d\d)(?::?(\d\d))?)?)?$/;

function isoTime(text: string): bigint {
  const match = ISO.exec(text);
  if (match === null || match[1] === '-000000') throw new Refused();
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const ms = Number(`${match[7] ?? ''}000`.slice(0, 3));
  const offset = (Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0)) * (match[8] === '-' ? -1 : 1);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const real = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  const far = Math.abs(year) > 275_000;
  if ((!real && !far) || hour > 23 || minute > 59 || second > 59 || Number(match[9] ?? 0) > 23 || Number(match[10] ?? 0) > 59)
    throw new Refused();
  const days = far ? farDays(year, month, day) : BigInt(date.getTime() / 86_400_000);
  return timeOf(days * 86_400_000n + BigInt(((hour * 60 + minute - offset) * 60 + second) * 1_000 + ms));
}

/** Days since 1970 of dates that a Date may not hold: the calendar repeats every 400 years. */
function farDays(year: number, month: number, day: number): bigint {
  const cycles = Math.trunc(year / 400) - 5;
  const date = new Date(0);
  date.setUTCFullYear(year - cycles * 400, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) throw new Refused();
  return BigInt(date.getTime() / 86_400_000) + BigInt(cycles) * 146_097n;
}
