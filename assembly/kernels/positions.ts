// Places of rows, by which those of equal event time are ordered (ts/columns/row-position.ts).

/** base + number, of the rows that `selection` (u32[n]) names; of the first n rows where it is 0. */
export function positions_of_rows(base: i64, selection: usize, n: u32, out: usize): void {
  if (selection == 0) {
    for (let i: u32 = 0; i < n; i++) store<i64>(out + (<usize>i << 3), base + <i64>i);
    return;
  }
  for (let i: u32 = 0; i < n; i++) store<i64>(out + (<usize>i << 3), base + <i64>load<u32>(selection + (<usize>i << 2)));
}
