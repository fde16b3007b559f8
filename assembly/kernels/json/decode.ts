// Records of a block, made columns: what the host calls.
import { bytes_find } from "../bytes";
import { utf8_first_invalid } from "../utf8";
import { lockstep1, lockstep4 } from "./generated/stripes";
import { INVALID_UTF8, JsonContext } from "./layout";
import { refuse, slowRow } from "./rows";

/**
 * Decodes the records of [p, end), each with its newline, into rows from `row` on, without the template tier; `checked`
 * says whether the block is known to be valid UTF-8. Returns the row after the last.
 */
export function json_decode_rows(p: usize, end: usize, row: u32, checked: bool, ctx: usize): u32 {
  const context = changetype<JsonContext>(ctx);
  while (p < end) {
    const stop = bytes_find(p, end, 0x0a);
    const invalid = checked ? stop : utf8_first_invalid(p, stop);
    if (invalid == stop) row += slowRow(p, stop, row, context);
    else {
      context.errorCode = INVALID_UTF8;
      context.errorAt = <u32>invalid;
      refuse(p, stop, context);
    }
    p = stop + 1;
  }
  return row;
}

/**
 * Decodes the records of four stripes of a block that is valid UTF-8: `st` is 4 of { next u32, end u32, row u32, fields u32 }.
 * Each stripe is whole records with their newlines, and its rows go from its `row` on, which becomes the row after the
 * last. The first template is tried on four rows at a time; without SIMD the tolerant tier takes them all.
 */
export function json_decode_stripes(st: usize, ctx: usize): void {
  const context = changetype<JsonContext>(ctx);
  if (ASC_FEATURE_SIMD) {
    const template = <usize>load<u32>(context.templates);
    lockstep4(st, template, context);
    for (let i: usize = 0; i < 4; i++) lockstep1(st + i * 16, template, context);
  } else {
    for (let i: usize = 0; i < 4; i++) {
      const at = st + i * 16;
      store<u32>(at, json_decode_rows(load<u32>(at), load<u32>(at, 4), load<u32>(at, 8), true, ctx), 8);
    }
  }
}
