import { unreachable } from '../core/assert.js';

/** Kinds of single values. Date, decimal and struct are to come: the switches below say where. */
export type ScalarKind = 'bool' | 'int32' | 'int64' | 'float64' | 'utf8' | 'binary' | 'timestamp';
/** A list of single values, none of which is null. How its items lie in memory is drawn in columns/list-items.ts. */
export type ListKind = `list<${ScalarKind}>`;
/** The types a column may have. */
export type Kind = ScalarKind | ListKind;

/** All but the lists. */
export const KINDS: readonly ScalarKind[] = ['bool', 'int32', 'int64', 'float64', 'utf8', 'binary', 'timestamp'];
export const LIST_KINDS: readonly ListKind[] = KINDS.map(listOf);

export function listOf(item: ScalarKind): ListKind {
  return `list<${item}>`;
}

export function isList(kind: Kind | 'null'): kind is ListKind {
  return kind.startsWith('list<');
}

export function isScalar(kind: Kind | 'null'): kind is ScalarKind {
  return (KINDS as readonly string[]).includes(kind);
}

/** The kind of a list's items. */
export function itemOf(kind: ListKind): ScalarKind {
  return kind.slice(5, -1) as ScalarKind;
}

/** Whether this text names a kind. */
export function isKind(text: unknown): text is Kind {
  return (KINDS as readonly unknown[]).includes(text) || (LIST_KINDS as readonly unknown[]).includes(text);
}

/** How a text format writes a timestamp. `auto`: ISO 8601 text, or a number of milliseconds. */
export type TimestampFormat = 'auto' | 'iso' | 'ms' | 's' | 'us';

/** One column of a schema: plain, frozen, JSON-able. */
export interface Field {
  readonly name: string;
  readonly kind: Kind;
  readonly nullable: boolean;
  /** Where a decoder finds it, when not under its own name: `bid.price`. */
  readonly path?: string;
  readonly format?: TimestampFormat;
}

export type Schema = readonly Field[];

/** How a column's values lie in memory, after Arrow's columnar format. */
export type Layout = 'bits' | 'words32' | 'words64' | 'bytes';

export function layoutOf(kind: Kind): Layout {
  if (isList(kind)) return 'bytes';
  switch (kind) {
    case 'bool':
      return 'bits';
    case 'int32':
      return 'words32';
    case 'int64':
    case 'float64':
    case 'timestamp':
      return 'words64';
    case 'utf8':
    case 'binary':
      return 'bytes';
    default:
      return unreachable(kind);
  }
}

/** Bytes of `rows` values of a fixed-width column; of a column of bytes, those of its offsets. */
export function valueBytes(kind: Kind, rows: number): number {
  const layout = layoutOf(kind);
  switch (layout) {
    case 'bits':
      return bitmapBytes(rows);
    case 'words32':
      return rows * 4;
    case 'words64':
      return rows * 8;
    case 'bytes':
      return (rows + 1) * 4;
    default:
      return unreachable(layout);
  }
}

/** A bitmap's bytes, in whole 64-bit words. */
export function bitmapBytes(rows: number): number {
  return Math.ceil(rows / 64) * 8;
}

export function field(name: string, kind: Kind, nullable = false): Field {
  return Object.freeze({ name, kind, nullable });
}

export function fieldIndex(schema: Schema, name: string): number {
  return schema.findIndex((f) => f.name === name);
}

/** Equal names, kinds and nullability, in the same order. */
export function sameSchema(a: Schema, b: Schema): boolean {
  return a.length === b.length && a.every((f, i) => f.name === b[i]?.name && f.kind === b[i]?.kind && f.nullable === b[i]?.nullable);
}

/** `user utf8, n int64?` */
export function describeSchema(schema: Schema): string {
  return schema.map((f) => `${f.name} ${f.kind}${f.nullable ? '?' : ''}`).join(', ');
}
