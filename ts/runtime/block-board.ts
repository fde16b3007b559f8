/**
 * Where lanes tell one another the largest watermark candidate of each block, so that whoever reads a later block of the
 * same split can judge its rows' lateness by the split's own order, whatever lane read what.
 *
 * For each of STEPS steps in flight, BLOCKS values (float64) and flags (int32, the step + 1 once the value stands).
 */
const STEPS = 16;
export const MAX_BLOCKS = 512;

export class BlockBoard {
  readonly #values: Float64Array;
  readonly #flags: Int32Array;

  constructor(buffer: SharedArrayBuffer) {
    this.#values = new Float64Array(buffer, 0, STEPS * MAX_BLOCKS);
    this.#flags = new Int32Array(buffer, STEPS * MAX_BLOCKS * 8, STEPS * MAX_BLOCKS);
  }

  static readonly bytes = STEPS * MAX_BLOCKS * 12;
  /** Steps that may be under way at once. */
  static readonly steps = STEPS - 1;

  publish(step: number, block: number, watermark: number): void {
    const at = (step % STEPS) * MAX_BLOCKS + block;
    this.#values[at] = watermark;
    Atomics.store(this.#flags, at, (step + 1) | 0);
  }

  read(step: number, block: number): number | undefined {
    const at = (step % STEPS) * MAX_BLOCKS + block;
    return Atomics.load(this.#flags, at) === ((step + 1) | 0) ? (this.#values[at] as number) : undefined;
  }
}
