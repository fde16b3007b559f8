import type { Address } from '../columns/memory.js';
import type { Field } from '../columns/schema.js';
import { COLUMN_BYTES, TEMPLATE_HEADER_BYTES, TEMPLATE_STEP, TEMPLATE_STEP_BYTES } from './json-layout.js';
import { ShapeReader, STEP, widen, type Shape, type Step } from './json-shape.js';
import type { Workspace } from './workspace.js';

/** Shapes of row that stay fast at the same time. */
const MOST_TEMPLATES = 8;
const LITERAL_BYTES = 16;
/**
 * A row that differs from its template runs on, past its newline at worst by the rest of the template; a check keeps
 * that within what lies behind a block.
 */
const BYTES_BETWEEN_CHECKS = 880;
/** What a value moves a failing row's cursor by among the quotes behind a block, at most: a string, by nothing. */
const VALUE_BYTES: Readonly<Record<number, number>> = {
  [STEP.uint]: 16,
  [STEP.int32]: 17,
  [STEP.int64]: 17,
  [STEP.number]: 65,
  [STEP.float64]: 34,
  [STEP.scaledTime]: 17,
  [STEP.word]: 5,
  [STEP.truth]: 5,
};
/** A longer template would not be faster than the exact tier by much, and holds memory. */
const MOST_STEPS = 4_000;
/** Below this share of a block's rows, the rows that no template fits are left to the exact tier. */
const MISS_SHARE = 0.02;
/** Blocks that learning may be put off for, when it does not help. */
const LONGEST_PAUSE = 64;
/** A share of misses so much larger than before means that the rows have changed. */
const SUDDEN_SHARE = 0.2;
/** Learned in vain so often, skipped objects are taken for data rather than shape. */
const FAILURES_UNTIL_LOOSE = 2;

interface Template {
  shape: Shape;
  at: Address;
  bytes: number;
  /** Rows taken lately: halved with each block. */
  weight: number;
}

/** The templates of one decoder: learned from rows that the exact tier has accepted, forgotten when no row fits them. */
export class TemplateCache {
  readonly #ws: Workspace;
  readonly #columns: Address;
  readonly #reader: ShapeReader;
  readonly #list: Address;
  #templates: Template[] = [];
  #loose = false;
  #failures = 0;
  #pause = 0;
  #wait = 1;
  #missedBefore = 0;
  #primaryShare = 1;

  constructor(ws: Workspace, fields: readonly Field[], columns: Address) {
    this.#ws = ws;
    this.#columns = columns;
    this.#reader = new ShapeReader(fields);
    this.#list = ws.blocks.alloc(MOST_TEMPLATES * 4);
  }

  /** Address of uint32 addresses of templates, the most used first. */
  get list(): Address {
    return this.#list;
  }

  get size(): number {
    return this.#templates.length;
  }

  /** Whether enough rows are of the first template for four at a time to pay. */
  get runs(): boolean {
    return this.#templates.length > 0 && this.#primaryShare > 0.4;
  }

  /**
   * Takes note of a block: `fast` rows of the first template in lockstep, `tolerant` by any template, `exact` by none.
   * `samples` are rows, newline included, that the first template or all of them missed.
   */
  note(fast: number, tolerant: number, exact: number, samples: readonly Uint8Array[]): void {
    const rows = fast + tolerant + exact;
    if (rows === 0) return;
    const { u32 } = this.#ws.memory;
    for (const [i, template] of this.#templates.entries()) {
      const hits = (u32[template.at / 4] as number) + (i === 0 ? fast : 0);
      u32[template.at / 4] = 0;
      template.weight = template.weight / 2 + hits;
      if (i === 0) this.#primaryShare = hits / rows;
    }
    this.#consider(exact / rows, tolerant / rows, samples);
    this.#order();
  }

  /** Learns when many rows missed: at once when misses are new or learning helps, else later and later. */
  #consider(missed: number, slow: number, samples: readonly Uint8Array[]): void {
    const sudden = missed > this.#missedBefore + SUDDEN_SHARE;
    if (sudden || missed < this.#missedBefore / 2) this.#wait = 1;
    if (this.#pause > 0 && !sudden) {
      this.#pause--;
      return;
    }
    this.#missedBefore = missed;
    if (missed <= MISS_SHARE && slow <= MISS_SHARE) {
      this.#wait = 1;
      this.#failures = 0;
      return;
    }
    this.#pause = this.#wait - 1;
    this.#wait = Math.min(this.#wait * 2, LONGEST_PAUSE);
    const learned = this.#learn(samples);
    // One new shape for most rows is no sign of trouble, and the next change may come soon.
    if (learned === 'most') this.#pause = 0;
    else if (learned === 'some' && missed > MISS_SHARE && ++this.#failures > FAILURES_UNTIL_LOOSE) this.#loose = true;
  }

  /** Adds the samples' shapes, the most frequent first, while there is room for all that came more than once: new for how many samples. */
  #learn(samples: readonly Uint8Array[]): 'none' | 'some' | 'most' {
    const shapes: { shape: Shape; count: number }[] = [];
    for (const row of samples) {
      const shape = this.#reader.read(row, { loose: this.#loose });
      if (shape === undefined || shape.steps.length > MOST_STEPS) continue;
      const known = shapes.find((other) => widen(other.shape, shape) !== undefined);
      if (known === undefined) shapes.push({ shape, count: 1 });
      else {
        known.shape = widen(known.shape, shape) as Shape;
        known.count++;
      }
    }
    shapes.sort((a, b) => b.count - a.count);
    const wanted = shapes.filter(({ count }, i) => count > 1 || this.#templates.length + i < MOST_TEMPLATES).slice(0, MOST_TEMPLATES);
    const added = wanted.map(({ shape, count }) => this.#add(shape, count));
    if (added[0] === true && (wanted[0]?.count ?? 0) * 2 >= samples.length) return 'most';
    return added.includes(true) ? 'some' : 'none';
  }

  /** False when a template fits such rows already. */
  #add(shape: Shape, weight: number): boolean {
    for (const template of this.#templates) {
      const wider = widen(template.shape, shape);
      if (wider === undefined) continue;
      if (wider.steps.every((step, i) => step.kind === template.shape.steps[i]?.kind)) return false;
      this.#free(template);
      Object.assign(template, this.#write(wider));
      return true;
    }
    if (this.#templates.length === MOST_TEMPLATES) {
      const least = this.#templates.reduce((a, b) => (b.weight < a.weight ? b : a));
      this.#free(least);
      this.#templates.splice(this.#templates.indexOf(least), 1);
    }
    this.#templates.push({ ...this.#write(shape), weight });
    return true;
  }

  #order(): void {
    const before = this.#templates[0];
    this.#templates.sort((a, b) => b.weight - a.weight);
    if (before !== this.#templates[0]) this.#primaryShare = 1;
    const { u32 } = this.#ws.memory;
    for (const [i, template] of this.#templates.entries()) u32[this.#list / 4 + i] = template.at;
  }

  #write(shape: Shape): { shape: Shape; at: Address; bytes: number } {
    const steps = cut(shape.steps);
    const bytes = TEMPLATE_HEADER_BYTES + steps.length * TEMPLATE_STEP_BYTES;
    const at = this.#ws.blocks.alloc(bytes);
    const { u8, u32 } = this.#ws.memory;
    u8.fill(0, at, at + bytes);
    for (const [i, step] of steps.entries()) {
      const p = at + TEMPLATE_HEADER_BYTES + i * TEMPLATE_STEP_BYTES;
      u8.set(step.literal, p);
      u8.fill(0xff, p + LITERAL_BYTES, p + LITERAL_BYTES + step.literal.length);
      u32[p / 4 + TEMPLATE_STEP.length] = step.literal.length;
      u32[p / 4 + TEMPLATE_STEP.kind] = step.kind;
      u32[p / 4 + TEMPLATE_STEP.column] = step.column < 0 ? 0 : this.#columns + step.column * COLUMN_BYTES;
      u32[p / 4 + TEMPLATE_STEP.fields] = shape.fields;
      u32[p / 4 + TEMPLATE_STEP.depth] = step.depth;
      u32[p / 4 + TEMPLATE_STEP.later] = step.later ? 1 : 0;
    }
    return { shape, at, bytes };
  }

  #free(template: Template): void {
    this.#ws.blocks.free(template.at, template.bytes);
  }

  close(): void {
    for (const template of this.#templates) this.#free(template);
    this.#templates = [];
    this.#ws.blocks.free(this.#list, MOST_TEMPLATES * 4);
  }
}

/** Steps with literals of at most 16 bytes, and checks in between. */
function cut(steps: readonly Step[]): Step[] {
  const out: Step[] = [];
  let since = 0;
  const push = (step: Step): void => {
    out.push(step);
    since += step.literal.length + (VALUE_BYTES[step.kind] ?? 0);
    if (since < BYTES_BETWEEN_CHECKS || step.kind === STEP.end) return;
    out.push(piece(new Uint8Array(0), STEP.check));
    since = 0;
  };
  for (const step of steps) {
    let literal = step.literal;
    for (; literal.length > LITERAL_BYTES; literal = literal.subarray(LITERAL_BYTES))
      push(piece(literal.subarray(0, LITERAL_BYTES), STEP.cont));
    push({ ...step, literal });
  }
  return out;
}

function piece(literal: Uint8Array, kind: number): Step {
  return { literal, kind, column: -1, depth: 0, later: false };
}
