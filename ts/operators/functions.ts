import type { ColumnFunction } from './expression.js';
import { abs, add, div, mod, mul, neg, round, sub } from './column-functions/arithmetic.js';
import { cast } from './column-functions/cast.js';
import { comparison, isIn } from './column-functions/compare.js';
import { and, fillNull, isNotNull, isNull, not, or } from './column-functions/logic.js';
import { concat, contains, endsWith, length, lower, matches, slice, split, startsWith, trim, upper } from './column-functions/text.js';
import { minus, part, plus, since, startOf } from './column-functions/time.js';

/** Every column function's implementation, under its name in plan/functions.ts. */
export const COLUMN_FUNCTIONS: Readonly<Record<string, ColumnFunction>> = {
  eq: comparison('eq'),
  ne: comparison('ne'),
  lt: comparison('lt'),
  le: comparison('le'),
  gt: comparison('gt'),
  ge: comparison('ge'),
  in: isIn,
  isNull,
  isNotNull,
  fillNull,
  cast,
  and,
  or,
  not,
  add,
  sub,
  mul,
  div,
  mod,
  neg,
  abs,
  round,
  lower,
  upper,
  trim,
  concat,
  slice,
  split,
  length,
  contains,
  startsWith,
  endsWith,
  matches,
  startOf,
  part,
  plus,
  minus,
  since,
};
