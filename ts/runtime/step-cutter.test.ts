import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SplitSpec } from '../connectors/connector.js';
import { MAX_BLOCKS } from './block-board.js';
import type { ReadyBlock, SourceFeed } from './source-feed.js';
import { StepCutter, type Cut } from './step-cutter.js';

/** A source whose blocks are laid down by hand. */
class Feed implements SourceFeed {
  readonly splits: readonly SplitSpec[];
  readonly ready = new Map<string, number>();
  readonly over = new Set<string>();
  readonly #positions = new Map<string, number>();

  constructor(splits: readonly string[]) {
    this.splits = splits.map((id) => ({ id, options: {} }));
  }

  give(split: string, blocks: number): void {
    this.ready.set(split, (this.ready.get(split) ?? 0) + blocks);
  }

  take(split: SplitSpec): ReadyBlock | undefined {
    const left = this.ready.get(split.id) ?? 0;
    if (left === 0) return undefined;
    this.ready.set(split.id, left - 1);
    const from = this.#positions.get(split.id) ?? 0;
    this.#positions.set(split.id, from + 1);
    return { split: split.id, from, to: from + 1, content: { kind: 'bytes', bytes: new Uint8Array([from]) } };
  }

  ended(split: SplitSpec): boolean {
    return this.over.has(split.id) && (this.ready.get(split.id) ?? 0) === 0;
  }

  positions() {
    return { positions: Object.fromEntries(this.#positions), ended: [] };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const OPTIONS = { lanes: 2, blockBytes: 1000, blocksPerLane: 2, latencyMs: 5 };

function cutterOf(feeds: readonly Feed[], idleAfterMs?: number, options: Partial<typeof OPTIONS> = {}): StepCutter {
  const sources = feeds.map((feed) => ({ feed, idleAfterMs }));
  return new StepCutter(sources, { ...OPTIONS, ...options }, 0);
}

const names = (cut: Cut | undefined): string[] | undefined => cut?.draft.blocks.map((b) => `${b.source}${b.split}${b.from}`);
const kindOf = (cut: Cut | undefined): string | undefined => cut?.draft.kind;

test('while lanes are idle, a step is cut as soon as there is something, and none without', () => {
  const feed = new Feed(['a']);
  const cutter = cutterOf([feed]);
  assert.equal(cutter.next(0, 0, undefined, undefined), undefined);
  feed.give('a', 1);
  const cut = cutter.next(7, 0, undefined, undefined) as Cut;
  assert.deepEqual(names(cut), ['0a0']);
  assert.deepEqual([cut.draft.clockMs, cut.draft.kind, cut.draft.snapshot], [7, 'rows', false]);
  assert.deepEqual(cut.contents.get(0), { kind: 'bytes', bytes: new Uint8Array([0]) });
});

test('while lanes are busy, blocks wait for company until the step is full', () => {
  const feed = new Feed(['a']);
  const cutter = cutterOf([feed]);
  feed.give('a', 3);
  assert.equal(cutter.next(0, 1, undefined, undefined), undefined);
  feed.give('a', 3);
  const full = cutter.next(1, 1, undefined, undefined);
  assert.deepEqual(names(full), ['0a0', '0a1', '0a2', '0a3'], 'as many as the lanes take, with those that waited first');
  assert.equal(full?.contents.size, 4);
  assert.equal(cutter.next(1, 1, undefined, undefined), undefined, 'the rest waits anew');
  assert.deepEqual(names(cutter.next(1, 0, undefined, undefined)), ['0a4', '0a5']);
});

test('or until the first of them has waited long enough', () => {
  const feed = new Feed(['a']);
  const cutter = cutterOf([feed]);
  assert.equal(cutter.nextDeadline(), undefined);
  feed.give('a', 1);
  assert.equal(cutter.next(10, 1, undefined, undefined), undefined);
  assert.equal(cutter.nextDeadline(), 15);
  feed.give('a', 1);
  assert.equal(cutter.next(14, 1, undefined, undefined), undefined);
  assert.equal(cutter.nextDeadline(), 15, 'a later block does not put it off');
  assert.deepEqual(names(cutter.next(15, 1, undefined, undefined)), ['0a0', '0a1']);
  assert.equal(cutter.nextDeadline(), undefined);
});

test('all splits of all sources move together', () => {
  const feeds = [new Feed(['a', 'b']), new Feed(['c'])];
  const cutter = cutterOf(feeds, undefined, { blocksPerLane: 3 });
  feeds[0]?.give('a', 9);
  feeds[0]?.give('b', 2);
  feeds[1]?.give('c', 9);
  assert.deepEqual(names(cutter.next(0, 0, undefined, undefined)), ['0a0', '0b0', '1c0', '0a1', '0b1', '1c1']);
  assert.deepEqual(names(cutter.next(0, 0, undefined, undefined)), ['0a2', '1c2', '0a3', '1c3', '0a4', '1c4'], 'b has nothing to give');
  const numbers = cutter.next(0, 0, undefined, undefined)?.draft.blocks.map((b) => b.no);
  assert.deepEqual(numbers, [12, 13, 14, 15, 16, 17], 'numbers never repeat');
  assert.equal(cutter.nextBlock, 18);
});

test('a step never has more blocks than the board holds', () => {
  const feed = new Feed(['a']);
  feed.give('a', 10_000);
  const cut = cutterOf([feed], undefined, { lanes: 256, blocksPerLane: 8 }).next(0, 0, undefined, undefined);
  assert.equal(cut?.draft.blocks.length, MAX_BLOCKS);
});

test('an end is said once, not before its rows; the last one drains', () => {
  const feed = new Feed(['a', 'b']);
  const cutter = cutterOf([feed]);
  feed.give('a', 1);
  feed.over.add('a');
  assert.equal(cutter.next(0, 1, undefined, undefined), undefined, 'its last block waits for company');
  const first = cutter.next(0, 0, undefined, undefined);
  assert.deepEqual([names(first), first?.draft.ended, kindOf(first)], [['0a0'], [{ source: 0, split: 'a' }], 'rows']);
  assert.equal(cutter.next(0, 0, undefined, undefined), undefined);
  feed.over.add('b');
  assert.ok(!cutter.drained);
  const last = cutter.next(0, 0, undefined, undefined);
  assert.deepEqual([names(last), last?.draft.ended, kindOf(last)], [[], [{ source: 0, split: 'b' }], 'drain']);
  assert.ok(cutter.drained && cutter.ended);
});

test('the last rows and the drain are one step', () => {
  const feed = new Feed(['a']);
  const cutter = cutterOf([feed]);
  feed.give('a', 2);
  feed.over.add('a');
  const cut = cutter.next(0, 0, undefined, undefined);
  assert.deepEqual([names(cut), kindOf(cut)], [['0a0', '0a1'], 'drain']);
});

test('splits that were at their end before stay there', () => {
  const feed = new Feed(['a', 'b']);
  feed.give('a', 5);
  const cutter = new StepCutter([{ feed, idleAfterMs: undefined }], OPTIONS, 0, 40, [['a']]);
  feed.give('b', 1);
  const cut = cutter.next(0, 0, undefined, undefined);
  assert.deepEqual([names(cut), cut?.draft.blocks[0]?.no, cut?.draft.ended], [['0b0'], 40, []]);
});

test('a split without rows is idle after its time, and wakes with them', () => {
  const feed = new Feed(['a', 'b']);
  const cutter = cutterOf([feed], 100);
  feed.give('a', 1);
  assert.deepEqual(cutter.next(0, 0, undefined, undefined)?.draft.idle, []);
  assert.equal(cutter.nextDeadline(), 100);
  feed.give('a', 1);
  assert.deepEqual(cutter.next(99, 0, undefined, undefined)?.draft.idle, []);
  const tick = cutter.next(100, 0, undefined, undefined);
  assert.deepEqual([tick?.draft.idle, kindOf(tick)], [[{ source: 0, split: 'b' }], 'tick'], 'idleness is told by a step of its own');
  assert.equal(cutter.next(150, 0, undefined, undefined), undefined, 'once');
  assert.equal(cutter.nextDeadline(), 199);
  assert.deepEqual(cutter.next(199, 0, undefined, undefined)?.draft.idle.length, 2);
  assert.equal(cutter.nextDeadline(), undefined, 'nobody is left to fall idle');
  feed.give('b', 1);
  assert.deepEqual(cutter.next(300, 0, undefined, undefined)?.draft.idle, [{ source: 0, split: 'a' }]);
});

test('a split is not idle because others keep the lanes busy', () => {
  const ids = Array.from({ length: 40 }, (_, i) => `s${i}`);
  const feed = new Feed(ids);
  for (const id of ids) feed.give(id, 100);
  const cutter = cutterOf([feed], 100);
  for (let now = 0; now < 5_000; now += 60) assert.deepEqual(cutter.next(now, 0, undefined, undefined)?.draft.idle, [], `at ${now}`);
});

test('a wake-up that is due is a step, with rows or without', () => {
  const feed = new Feed(['a']);
  const cutter = cutterOf([feed]);
  assert.equal(cutter.next(99, 0, 100, undefined), undefined);
  assert.equal(kindOf(cutter.next(100, 0, 100, undefined)), 'tick');
  feed.give('a', 1);
  assert.equal(kindOf(cutter.next(101, 1, 100, undefined)), 'rows', 'rows that wait go along');
});

test('a step is cut at once where a snapshot or a stop wants one', () => {
  const feed = new Feed(['a']);
  const cutter = cutterOf([feed]);
  const empty = cutter.next(0, 3, undefined, { snapshot: true, drain: false });
  assert.deepEqual([kindOf(empty), empty?.draft.snapshot], ['tick', true]);
  feed.give('a', 1);
  const rows = cutter.next(0, 3, undefined, { snapshot: true, drain: false });
  assert.deepEqual([names(rows), kindOf(rows), cutter.drained], [['0a0'], 'rows', false]);
  feed.give('a', 1);
  const drain = cutter.next(0, 3, undefined, { snapshot: false, drain: true });
  assert.deepEqual([names(drain), kindOf(drain), cutter.drained], [['0a1'], 'drain', true]);
});

test('a forced step that takes the last rows is the drain', () => {
  const feed = new Feed(['a']);
  const cutter = cutterOf([feed]);
  feed.give('a', 1);
  feed.over.add('a');
  const cut = cutter.next(0, 3, undefined, { snapshot: true, drain: false });
  const after = kindOf(cut) === 'drain' ? cut : cutter.next(0, 0, undefined, undefined);
  assert.deepEqual([kindOf(after), cutter.drained], ['drain', true], 'the end is not lost');
});
