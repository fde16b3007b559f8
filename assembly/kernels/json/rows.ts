// One record that no template took, and what is told of refused ones.
import { BAD, columnAt, exactRow, ROW } from "./exact";
import { JsonBad, JsonContext } from "./layout";
import { forgetRow, tolerantRow } from "./template";

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

function sample(start: usize, ctx: JsonContext): void {
  if (ctx.sampleCount == ctx.sampleLimit) return;
  store<u32>(<usize>ctx.samples + (<usize>ctx.sampleCount << 2), <u32>start);
  ctx.sampleCount++;
}

/** One record that the lockstep tier could not take, whose newline is at `end`: 1 when a row came of it, else 0. */
export function slowRow(start: usize, end: usize, row: u32, ctx: JsonContext): u32 {
  const templates = ctx.templateCount;
  if (end - start <= <usize>ctx.maxRecordBytes) {
    let index = ctx.lastTemplate;
    for (let tried: u32 = 0; tried < templates; tried++) {
      if (index >= templates) index = 0;
      if (tolerantRow(start, end, <usize>load<u32>(<usize>ctx.templates + (<usize>index << 2)), row, ctx)) {
        store<u32>(<usize>ctx.recordOffsets + (<usize>row << 2), <u32>start - ctx.blockStart);
        ctx.lastTemplate = index;
        ctx.tolerantRows++;
        // The first template is the lockstep tier's: why did it not do? Its kinds of values may be too narrow.
        if (index == 0) sample(start, ctx);
        return 1;
      }
      index++;
    }
  }
  forgetRow(row, ctx);
  const result = exactRow(start, end, row, ctx);
  if (result == ROW) {
    store<u32>(<usize>ctx.recordOffsets + (<usize>row << 2), <u32>start - ctx.blockStart);
    ctx.exactRows++;
    sample(start, ctx);
    return 1;
  }
  if (result == BAD) refuse(start, end, ctx);
  return 0;
}
