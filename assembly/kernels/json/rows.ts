// One record that no template took, and what is told of refused ones.
import { BAD, columnAt, exactRow, ROW } from "./exact";
import { JsonBad, JsonContext } from "./layout";

/** Notes that the record [start, end) was refused. */
export function refuse(start: usize, end: usize, ctx: JsonContext): void {
  const code = ctx.errorCode;
  const bad = changetype<JsonBad>(<usize>ctx.bad + <usize>ctx.badCount * offsetof<JsonBad>());
  ctx.badCount++;
  bad.start = <u32>start;
  bad.end = <u32>end;
  bad.code = code;
  bad.column = 0;
  bad.from = ctx.errorAt;
  bad.to = <u32>end;
  if (code < 16) {
    const column = columnAt(ctx, ctx.errorAt);
    bad.column = ctx.errorAt;
    bad.from = column.foundStart;
    bad.to = column.foundEnd;
  }
}

/** One record that the template tier could not take: 1 when a row came of it, else 0. */
export function slowRow(start: usize, end: usize, row: u32, ctx: JsonContext): u32 {
  const count = ctx.columnCount;
  for (let i: u32 = 0; i < count; i++) {
    const valid = <usize>columnAt(ctx, i).valid;
    if (valid) store<u8>(valid + row, 1);
  }
  const result = exactRow(start, end, row, ctx);
  if (result == ROW) {
    store<u32>(<usize>ctx.recordOffsets + (<usize>row << 2), <u32>start - ctx.blockStart);
    ctx.exactRows++;
    if (ctx.sampleCount < ctx.sampleLimit) {
      store<u32>(<usize>ctx.samples + (<usize>ctx.sampleCount << 2), <u32>start);
      ctx.sampleCount++;
    }
    return 1;
  }
  if (result == BAD) refuse(start, end, ctx);
  return 0;
}
