// Rows that every contender makes for itself from the row's number, so that none needs another's format.
// The same formulas stand in native-tests/native/group-by.c.

/** Spreads a row's number over 32 bits. */
export function scatter(i: number): number {
  let x = Math.imul(i + 1, 0x9e3779b1);
  x ^= x >>> 15;
  x = Math.imul(x, 0x85ebca77);
  return (x ^ (x >>> 13)) >>> 0;
}

export function keyAt(i: number, keys: number): number {
  return scatter(i) % keys;
}

export function valueAt(i: number): number {
  return (scatter(i) % 2001) - 1000;
}

/** A table of columns key, value (bigint) with the same rows. */
export function rowsInSql(table: string, rows: number, keys: number): string {
  const first = `select (((range + 1)::ubigint * 2654435761::ubigint) & 4294967295::ubigint) x from range(${rows})`;
  const second = `select ((xor(x, x >> 15) * 2246822519::ubigint) & 4294967295::ubigint) x from (${first})`;
  const third = `select xor(x, x >> 13) x from (${second})`;
  return `create table ${table} as select (x % ${keys})::bigint "key", (x % 2001)::bigint - 1000 "value" from (${third})`;
}
