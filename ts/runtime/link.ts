/**
 * Descriptors of batches on their way from one lane to another: a bounded ring with one writer and one reader, in shared
 * memory. Only descriptors travel; the reader copies the rows out of the writer's memory and then advances `tail`, which
 * gives the writer its memory back.
 *
 *   word 0           head: messages written, by the writer
 *   word 16          tail: messages taken and copied, by the reader (a cache line of its own)
 *   word 32 …        SLOTS slots of SLOT_WORDS: step, flags, count, watermark (f64, two words), reserved, addresses …
 */
const SLOTS = 8;
export const MAX_CHUNKS = 250;
const SLOT_WORDS = 6 + MAX_CHUNKS;
const FIRST_SLOT = 32;
const LINK_WORDS = FIRST_SLOT + SLOTS * SLOT_WORDS;
const END_OF_STEP = 1;

export interface LinkMessage {
  readonly step: number;
  /** The writer has nothing more for this step, and its watermark is `watermark`. */
  readonly end: boolean;
  readonly watermark: number;
  readonly chunks: readonly number[];
}

/** Room for the links of `exchanges` exchanges between `lanes` lanes. */
export function linkBytes(exchanges: number, lanes: number): number {
  return Math.max(1, exchanges * lanes * lanes) * LINK_WORDS * 4;
}

export class Link {
  readonly #words: Int32Array;
  readonly #wide = new Float64Array(1);
  readonly #halves = new Int32Array(this.#wide.buffer);

  constructor(buffer: SharedArrayBuffer, exchange: number, from: number, to: number, lanes: number) {
    const index = (exchange * lanes + from) * lanes + to;
    this.#words = new Int32Array(buffer, index * LINK_WORDS * 4, LINK_WORDS);
  }

  /** Messages ever written. */
  get head(): number {
    return Atomics.load(this.#words, 0);
  }

  /** Messages that the reader has done with. */
  get tail(): number {
    return Atomics.load(this.#words, 16);
  }

  canWrite(): boolean {
    return this.head - this.tail < SLOTS;
  }

  write(message: LinkMessage): void {
    const words = this.#words;
    const head = this.head;
    const at = FIRST_SLOT + (head % SLOTS) * SLOT_WORDS;
    this.#wide[0] = message.watermark;
    words[at] = message.step;
    words[at + 1] = message.end ? END_OF_STEP : 0;
    words[at + 2] = message.chunks.length;
    words[at + 3] = this.#halves[0] as number;
    words[at + 4] = this.#halves[1] as number;
    for (let i = 0; i < message.chunks.length; i++) words[at + 6 + i] = message.chunks[i] as number;
    Atomics.store(words, 0, head + 1);
  }

  /** The oldest message not yet taken. */
  peek(): LinkMessage | undefined {
    const words = this.#words;
    const tail = this.tail;
    if (this.head === tail) return undefined;
    const at = FIRST_SLOT + (tail % SLOTS) * SLOT_WORDS;
    this.#halves[0] = words[at + 3] as number;
    this.#halves[1] = words[at + 4] as number;
    const chunks = Array.from({ length: words[at + 2] as number }, (_, i) => (words[at + 6 + i] as number) >>> 0);
    return { step: words[at] as number, end: words[at + 1] === END_OF_STEP, watermark: this.#wide[0] as number, chunks };
  }

  take(): void {
    Atomics.store(this.#words, 16, this.tail + 1);
  }
}

/**
 * Wakes lanes that sleep. For each lane, on a cache line of its own: a counter that changes whenever something may have
 * turned up for it, its heartbeat, and whether it is working or waiting (1).
 */
export class Doorbells {
  readonly #words: Int32Array;

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer);
  }

  static bytes(lanes: number): number {
    return lanes * 64;
  }

  ring(lane: number): void {
    Atomics.add(this.#words, lane * 16, 1);
    Atomics.notify(this.#words, lane * 16);
  }

  seen(lane: number): number {
    return Atomics.load(this.#words, lane * 16);
  }

  /** Sleeps until the bell differs from `seen`, or the time is over. */
  wait(lane: number, seen: number, timeoutMs: number): void {
    for (let spin = 0; spin < 200; spin++) if (this.seen(lane) !== seen) return;
    Atomics.wait(this.#words, lane * 16, seen, timeoutMs);
  }

  beat(lane: number, state: 'working' | 'waiting'): void {
    this.#words[lane * 16 + 1] = ((this.#words[lane * 16 + 1] as number) + 1) | 0;
    this.#words[lane * 16 + 2] = state === 'waiting' ? 1 : 0;
  }

  /** The lane's heartbeat, or undefined while it waits: a beat that stands still while a lane works is a hang. */
  pulse(lane: number): number | undefined {
    return Atomics.load(this.#words, lane * 16 + 2) === 1 ? undefined : Atomics.load(this.#words, lane * 16 + 1);
  }
}
