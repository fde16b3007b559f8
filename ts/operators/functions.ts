import { ARITHMETIC } from './column-functions/arithmetic.js';
import { cast } from './column-functions/cast.js';
import { COMPARISONS } from './column-functions/compare.js';
import { LOGIC } from './column-functions/logic.js';
import { packRow } from './column-functions/pack-row.js';
import { TEXT } from './column-functions/text.js';
import { TIME } from './column-functions/time.js';
import type { ColumnFunction } from './expression.js';

/** Every column function's implementation, under its name in plan/functions.ts. A new one is added to its family's table. */
export const COLUMN_FUNCTIONS: Readonly<Record<string, ColumnFunction>> = {
  ...COMPARISONS,
  ...LOGIC,
  ...ARITHMETIC,
  ...TEXT,
  ...TIME,
  cast,
  packRow,
};
