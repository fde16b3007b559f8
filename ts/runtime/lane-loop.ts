import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import type { Lane } from './lane.js';
import type { Doorbells } from './link.js';
import type { ToLane } from './messages.js';

/** A lane that has nothing to do looks up this often, though nobody rang. */
const NAP_MS = 1_000;

/**
 * What a worker thread does for as long as its lane lives: polls it, and sleeps on the lane's bell when there is nothing
 * to do. It never turns the event loop; messages are taken from the port by hand.
 */
export function runLaneLoop(lane: Lane, index: number, port: MessagePort, bells: Doorbells): void {
  let looked = -1;
  for (;;) {
    const seen = bells.seen(index);
    if (seen !== looked) {
      looked = seen;
      for (let received = receiveMessageOnPort(port); received !== undefined; received = receiveMessageOnPort(port)) {
        const message = received.message as ToLane;
        if (message.type === 'stop') return;
        lane.receive(message);
      }
    }
    bells.beat(index, 'working');
    if (lane.poll() === 'worked') continue;
    bells.beat(index, 'waiting');
    bells.wait(index, seen, NAP_MS);
  }
}
