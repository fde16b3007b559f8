// JSON strings: where they end, what their escapes stand for. The text is known to be valid UTF-8.
import { hex4, plainText } from "./scan";
import { JsonContext } from "./layout";

/**
 * The address of the closing quote of the string whose text begins at `p`, or 0 when it has a control character or an
 * escape that JSON does not know. Sets `ctx.escapes` to 1 when there is an escape, else to 0.
 */
export function stringEnd(p: usize, ctx: JsonContext): usize {
  ctx.escapes = 0;
  while (true) {
    p = plainText(p);
    const c = load<u8>(p);
    if (c == 0x22) return p;
    if (c != 0x5c) {
      ctx.errorAt = <u32>p;
      return 0;
    }
    ctx.escapes = 1;
    const n = escapeBytes(p);
    if (n == 0) {
      ctx.errorAt = <u32>p;
      return 0;
    }
    p += n;
  }
}

/** Bytes of the escape at `p` (of the backslash): 2, 6, or 0 when JSON has no such escape. */
function escapeBytes(p: usize): usize {
  const c = <u32>load<u8>(p, 1);
  if (c == 0x75) return hex4(p + 2) < 0 ? 0 : 6;
  const known = c == 0x22 || c == 0x5c || c == 0x2f || c == 0x62 || c == 0x66 || c == 0x6e || c == 0x72 || c == 0x74;
  return known ? 2 : 0;
}

/** Bytes in the text of the escape at `p`, which is valid: 2, 6, or 12 for a surrogate pair. */
export function escapeSize(p: usize): usize {
  if (load<u8>(p, 1) != 0x75) return 2;
  const high = hex4(p + 2);
  if ((high & 0xfc00) == 0xd800 && load<u8>(p, 6) == 0x5c && load<u8>(p, 7) == 0x75 && (hex4(p + 8) & 0xfc00) == 0xdc00) return 12;
  return 6;
}

/**
 * Writes the character that the valid escape at `p` stands for, as UTF-8: returns its bytes, 1 to 4; up to 4 bytes at
 * `out` are written. A surrogate without its other half becomes U+FFFD, as no UTF-8 can hold it.
 */
export function unescapeOne(p: usize, out: usize): usize {
  let c = <u32>load<u8>(p, 1);
  if (c != 0x75) {
    if (c == 0x62) c = 8;
    else if (c == 0x66) c = 12;
    else if (c == 0x6e) c = 10;
    else if (c == 0x72) c = 13;
    else if (c == 0x74) c = 9;
    store<u8>(out, c);
    return 1;
  }
  c = <u32>hex4(p + 2);
  if ((c & 0xf800) == 0xd800) {
    if (escapeSize(p) == 12) c = 0x10000 + ((c & 0x3ff) << 10) + (<u32>hex4(p + 8) & 0x3ff);
    else c = 0xfffd;
  }
  if (c < 0x80) {
    store<u8>(out, c);
    return 1;
  }
  if (c < 0x800) {
    store<u8>(out, 0xc0 | (c >>> 6));
    store<u8>(out, 0x80 | (c & 0x3f), 1);
    return 2;
  }
  if (c < 0x10000) {
    store<u8>(out, 0xe0 | (c >>> 12));
    store<u8>(out, 0x80 | ((c >>> 6) & 0x3f), 1);
    store<u8>(out, 0x80 | (c & 0x3f), 2);
    return 3;
  }
  store<u8>(out, 0xf0 | (c >>> 18));
  store<u8>(out, 0x80 | ((c >>> 12) & 0x3f), 1);
  store<u8>(out, 0x80 | ((c >>> 6) & 0x3f), 2);
  store<u8>(out, 0x80 | (c & 0x3f), 3);
  return 4;
}

/** Writes the string text [p, end), which holds valid escapes, without them. Never longer than the text; returns the bytes. */
export function unescape(p: usize, end: usize, out: usize): usize {
  const begin = out;
  while (p < end) {
    if (load<u8>(p) == 0x5c) {
      out += unescapeOne(p, out);
      p += escapeSize(p);
    } else {
      store<u8>(out, load<u8>(p));
      out++;
      p++;
    }
  }
  return out - begin;
}

/** The bytes of the string text [p, end) without its escapes; `spare` is 4 writable bytes. */
export function unescapedBytes(p: usize, end: usize, spare: usize): usize {
  let bytes: usize = 0;
  while (p < end) {
    if (load<u8>(p) == 0x5c) {
      bytes += unescapeOne(p, spare);
      p += escapeSize(p);
    } else {
      bytes++;
      p++;
    }
  }
  return bytes;
}

/** Whether the string text [p, end), escapes and all, spells the key of `bytes` bytes at `key`; `spare` is 4 writable bytes. */
export function spells(p: usize, end: usize, key: usize, bytes: usize, spare: usize): bool {
  const keyEnd = key + bytes;
  while (p < end) {
    if (load<u8>(p) == 0x5c) {
      const n = unescapeOne(p, spare);
      if (key + n > keyEnd) return false;
      for (let i: usize = 0; i < n; i++) if (load<u8>(spare + i) != load<u8>(key + i)) return false;
      key += n;
      p += escapeSize(p);
    } else {
      if (key == keyEnd || load<u8>(p) != load<u8>(key)) return false;
      key++;
      p++;
    }
  }
  return key == keyEnd;
}

// 0..63 of a base64 digit, 64 of anything else.
// @ts-ignore: decorator
@inline function base64Digit(c: u32): u32 {
  if (c - 0x41 < 26) return c - 0x41;
  if (c - 0x61 < 26) return c - 0x61 + 26;
  if (c - 0x30 < 10) return c - 0x30 + 52;
  if (c == 0x2b) return 62;
  return c == 0x2f ? 63 : 64;
}

/**
 * Decodes base64 (RFC 4648 section 4; the padding may be absent, the spare bits are ignored) from the string text
 * [p, end), escapes and all: returns the bytes, or -1. Writes to `out` unless that is 0; `spare` is 4 writable bytes.
 */
export function base64(p: usize, end: usize, out: usize, spare: usize): i32 {
  let bits: u32 = 0;
  let digits: u32 = 0;
  let padding: u32 = 0;
  let bytes: i32 = 0;
  while (p < end) {
    let c = <u32>load<u8>(p);
    if (c == 0x5c) {
      if (unescapeOne(p, spare) != 1) return -1;
      c = <u32>load<u8>(spare);
      p += escapeSize(p);
    } else p++;
    if (c == 0x3d) {
      padding++;
      continue;
    }
    const digit = base64Digit(c);
    if (digit == 64 || padding) return -1;
    bits = (bits << 6) | digit;
    digits++;
    if ((digits & 3) == 0) {
      if (out) {
        store<u8>(out + bytes, bits >>> 16);
        store<u8>(out + bytes, bits >>> 8, 1);
        store<u8>(out + bytes, bits, 2);
      }
      bytes += 3;
    }
  }
  const tail = digits & 3;
  if (tail == 1 || (padding != 0 && padding != ((4 - tail) & 3))) return -1;
  if (tail == 2) {
    if (out) store<u8>(out + bytes, bits >>> 4);
    bytes++;
  } else if (tail == 3) {
    if (out) {
      store<u8>(out + bytes, bits >>> 10);
      store<u8>(out + bytes, bits >>> 2, 1);
    }
    bytes += 2;
  }
  return bytes;
}
