import type { Field } from '../columns/schema.js';
import type { Limits } from '../core/limits.js';
import { decodedKind } from './decoder.js';
import { CODES } from './json-layout.js';

const SHOWN_BYTES = 40;
const text = new TextDecoder('utf-8', { ignoreBOM: true });

const EXPECTED = {
  bool: 'true or false',
  int32: 'a whole number',
  int64: 'a whole number',
  float64: 'a number',
  utf8: 'a string',
  binary: 'a base64 string',
  timestamp: 'a timestamp',
} as const;

const FORMATS = {
  auto: 'an ISO 8601 time or epoch milliseconds',
  iso: 'an ISO 8601 time',
  ms: 'epoch milliseconds',
  s: 'epoch seconds',
  us: 'epoch microseconds',
} as const;

/** A refused record's reason, in the user's words. `found` is the bytes it speaks of, `at` their place in the record. */
export function reasonOf(code: number, field: Field | undefined, found: Uint8Array, at: number, limits: Limits): string {
  const name = field?.path ?? field?.name ?? '';
  switch (code) {
    case CODES.missing:
      return `${name}: missing`;
    case CODES.null:
      return `${name}: null, but the column is not nullable`;
    case CODES.wrongType:
    case CODES.badTime:
      return `${name}: expected ${expected(field)}, found ${show(found)}`;
    case CODES.outOfRange:
      return `${name}: ${show(found)} is out of the range of ${field?.kind}`;
    case CODES.notIntegral:
      return `${name}: expected a whole number, found ${show(found)}`;
    case CODES.tooLong:
      return `${name}: a string longer than ${limits.stringBytes} bytes (limit stringBytes)`;
    case CODES.badBase64:
      return `${name}: expected base64, found ${show(found)}`;
    case CODES.invalidUtf8:
      return `invalid UTF-8 at byte ${at}`;
    case CODES.recordTooLong:
      return `a record longer than ${limits.recordBytes} bytes (limit recordBytes)`;
    case CODES.tooDeep:
      return `values nest deeper than ${limits.nestingDepth} at byte ${at} (limit nestingDepth)`;
    case CODES.tooManyFields:
      return `more than ${limits.fieldsPerRecord} fields (limit fieldsPerRecord)`;
    case CODES.notAnObject:
      return `expected a JSON object, found ${show(found)}`;
    default:
      return found.length === 0 ? `not JSON: the record ends early, at byte ${at}` : `not JSON at byte ${at}: ${show(found)}`;
  }
}

function expected(field: Field | undefined): string {
  if (field === undefined) return 'something else';
  return field.kind === 'timestamp' ? FORMATS[field.format ?? 'auto'] : EXPECTED[decodedKind(field)];
}

function show(bytes: Uint8Array): string {
  if (bytes.length <= SHOWN_BYTES) return text.decode(bytes);
  let end = SHOWN_BYTES;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return `${text.decode(bytes.subarray(0, end))}…`;
}
