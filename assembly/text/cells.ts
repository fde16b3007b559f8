// A row's cells as text: what the encoders of JSON and CSV share.
//
// An encoder is given a table of columns, 32 bytes each:
//
//   0  u32 kind       4  u32 validity (0: none)    8  u32 offsets    12  u32 values
//  16  u32 prefix    20  u32 bytes of the prefix  24  u32 kind of a list's items    28  u32 unused
//
// `prefix` is written before the cell. A list's items lie one after another: 1 byte of a bool, 4 of an int32, 8 of the other kinds of
// fixed width; of texts and binaries a u32 length and then the bytes.

export const COLUMN_BYTES: usize = 32;

// Kinds: of bytes from UTF8 on.
export const KIND_BOOL: u32 = 0;
export const KIND_INT32: u32 = 1;
export const KIND_INT64: u32 = 2;
export const KIND_FLOAT64: u32 = 3;
export const KIND_ISO: u32 = 4;
export const KIND_SECONDS: u32 = 5;
export const KIND_MICROSECONDS: u32 = 6;
export const KIND_UTF8: u32 = 7;
export const KIND_BINARY: u32 = 8;
export const KIND_LIST: u32 = 9;

// @ts-ignore: decorator
@inline
export function bit(bitmap: usize, row: u32): bool {
  return ((load<u8>(bitmap + (row >>> 3)) >>> <u8>(row & 7)) & 1) != 0;
}

/** Texts of at most 64 bytes: reads and writes up to 63 bytes beyond. */
// @ts-ignore: decorator
@inline
export function copyShort(from: usize, length: u32, p: usize): usize {
  for (let k: usize = 0; k < length; k += 8) store<u64>(p + k, load<u64>(from + k));
  return p + length;
}

/** true or false: up to 5 bytes. */
// @ts-ignore: decorator
@inline
export function writeBool(value: bool, p: usize): usize {
  if (value) {
    store<u32>(p, 0x65757274); // "true"
    return p + 4;
  }
  store<u32>(p, 0x736c6166); // "fals"
  store<u8>(p, 101, 4);
  return p + 5;
}

/** "+I", "-U", "+U", "-D" for 0 to 3. */
// @ts-ignore: decorator
@inline
export function operationName(op: u32): u16 {
  return <u16>(0x442d552b552d492b >>> (<u64>op << 4));
}

// @ts-ignore: decorator
@inline
function base64Digit(v: u32): u8 {
  return <u8>(v < 26 ? 65 + v : v < 52 ? 71 + v : v < 62 ? v - 4 : v == 62 ? 43 : 47);
}

/** RFC 4648 with padding: 4 bytes for each 3, rounded up. */
export function writeBase64(from: usize, length: u32, p: usize): usize {
  const end = from + length;
  for (; from + 3 <= end; from += 3, p += 4) {
    const v = (<u32>load<u8>(from) << 16) | (<u32>load<u8>(from, 1) << 8) | load<u8>(from, 2);
    store<u8>(p, base64Digit(v >>> 18));
    store<u8>(p, base64Digit((v >>> 12) & 63), 1);
    store<u8>(p, base64Digit((v >>> 6) & 63), 2);
    store<u8>(p, base64Digit(v & 63), 3);
  }
  const rest = <u32>(end - from);
  if (!rest) return p;
  const v = (<u32>load<u8>(from) << 16) | (rest > 1 ? <u32>load<u8>(from, 1) << 8 : 0);
  store<u8>(p, base64Digit(v >>> 18));
  store<u8>(p, base64Digit((v >>> 12) & 63), 1);
  store<u8>(p, rest > 1 ? base64Digit((v >>> 6) & 63) : 61, 2);
  store<u8>(p, 61, 3);
  return p + 4;
}
