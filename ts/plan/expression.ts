import type { Kind } from '../columns/schema.js';

/** A column expression: plain, JSON-able data. Types are worked out when it is bound to a schema (see functions.ts). */
export type Expression =
  | { readonly op: 'column'; readonly name: string }
  | { readonly op: 'literal'; readonly kind: LiteralKind; readonly value: LiteralValue }
  | {
      readonly op: 'call';
      readonly fn: string;
      readonly args: readonly Expression[];
      readonly options?: Readonly<Record<string, LiteralOption>>;
    };

/** int64 and timestamp literals are decimal text, so that JSON keeps all 64 bits; binary is base64. */
export type LiteralKind = Kind | 'null';
export type LiteralValue = string | number | boolean | null;
/** What is not a column: a unit, a time zone, a pattern, a list of values. */
export type LiteralOption = LiteralValue | readonly LiteralValue[];

export interface ExpressionType {
  readonly kind: Kind;
  readonly nullable: boolean;
}

export interface SortKey {
  readonly by: Expression;
  readonly order: 'asc' | 'desc';
  readonly nulls: 'first' | 'last';
}

/** One criterion of an order. Nulls come last, descending too, unless they are to be first. */
export interface OrderBy {
  readonly of: Expression;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}
