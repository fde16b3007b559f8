const DECODER = new TextDecoder('utf-8', { ignoreBOM: true });
/** Up to about here, joining characters beats a call of the decoder. */
const SHORT = 24;

/** UTF-8 bytes [from, to) as a string; shared memory is fine. */
export function decodeText(bytes: Uint8Array, from: number, to: number): string {
  if (to - from <= SHORT) {
    let text = '';
    let i = from;
    for (; i < to; i++) {
      const byte = bytes[i] as number;
      if (byte > 127) break;
      text += String.fromCharCode(byte);
    }
    if (i === to) return text;
  }
  return DECODER.decode(bytes.subarray(from, to));
}
