import type { Host } from '../core/host.js';
import type { LaneSet } from './lane-set.js';
import type { Lane, SharedParts } from './lane.js';
import type { FromLane, ToLane } from './messages.js';

/** How long lanes on the calling thread may hold it before other tasks get a turn. */
const SLICE_MS = 8;

/** All lanes on the calling thread, polled in turn: for tests, tools and small jobs. */
export class InlineLanes implements LaneSet {
  readonly shared: SharedParts;
  readonly #host: Host;
  readonly #make: (lane: number, send: (message: FromLane) => void) => Lane;
  readonly #count: number;
  /** In which order lanes get their turns; a simulator deals them at random. */
  readonly #nextTurn: (lanes: number) => number[];
  #lanes: Lane[] = [];
  #scheduled = false;
  #closed = false;

  constructor(
    host: Host,
    count: number,
    shared: SharedParts,
    make: (lane: number, send: (message: FromLane) => void) => Lane,
    nextTurn: (lanes: number) => number[] = (lanes) => Array.from({ length: lanes }, (_, i) => i),
  ) {
    this.#host = host;
    this.#count = count;
    this.shared = shared;
    this.#make = make;
    this.#nextTurn = nextTurn;
  }

  start(receive: (message: FromLane) => void): Promise<void> {
    const send = (message: FromLane) => {
      if (!this.#closed) receive(message);
    };
    this.#lanes = Array.from({ length: this.#count }, (_, lane) => this.#make(lane, send));
    return Promise.resolve();
  }

  send(lane: number, message: ToLane): void {
    if (message.type === 'step') this.#lanes[lane]?.receive(message);
    this.#schedule();
  }

  wake(): void {
    this.#schedule();
  }

  close(): Promise<void> {
    this.#closed = true;
    for (const lane of this.#lanes) lane.close();
    this.#lanes = [];
    return Promise.resolve();
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    this.#host.defer(() => {
      this.#scheduled = false;
      if (this.#run()) this.#schedule();
    });
  }

  /** Polls until nobody can go on or the slice is over; whether there may be more to do. */
  #run(): boolean {
    const end = this.#host.monotonicMs() + SLICE_MS;
    while (!this.#closed) {
      // A turn may leave lanes out: only when none of all can go on is there nothing to do.
      if (!this.#turn(this.#nextTurn(this.#lanes.length)) && !this.#turn(this.#lanes.keys())) return false;
      if (this.#host.monotonicMs() > end) return true;
    }
    return false;
  }

  #turn(order: Iterable<number>): boolean {
    let worked = false;
    for (const lane of order) worked = this.#lanes[lane]?.poll() === 'worked' || worked;
    return worked;
  }
}
