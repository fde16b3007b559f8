import type { FromLane, ToLane } from './messages.js';
import type { SharedParts } from './lane.js';

/** The lanes of one attempt at a job, wherever they run. */
export interface LaneSet {
  readonly shared: SharedParts;
  send(lane: number, message: ToLane): void;
  /** Something that a lane may wait for has changed. */
  wake(lane: number): void;
  /** Lanes' messages come here, in each lane's order; from before `start` answers. */
  start(receive: (message: FromLane) => void): Promise<void>;
  /** Ends all lanes and gives their memory back; nothing is received after it. */
  close(): Promise<void>;
}
