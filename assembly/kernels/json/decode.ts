// Records of a block, made columns: what the host calls.
import { bytes_find } from "../bytes";
import { utf8_first_invalid } from "../utf8";
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
