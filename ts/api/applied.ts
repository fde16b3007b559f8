import type { Row, RowInput } from './types.js';

/** All rows of a window and key, in order of event time. They can be gone through again, until the function returns. */
export interface WindowRows<out S> extends Iterable<Row<S>> {
  readonly length: number;
}

/** The window that a function is applied to; `start` and `end` are epoch milliseconds, half-open. */
export type AppliedWindow<S, K extends keyof S, A> = { readonly key: Row<Pick<S, K>> } & ('windowEnd' extends keyof A
  ? { readonly start: number; readonly end: number }
  : unknown);

export interface Collector<in O> {
  emit(row: RowInput<O>): void;
}
