// A count that goes wrong: for ever from -1, with a trap from -2.
@unmanaged
export class State {
  n: i64;
}

export function init(state: State): void {}

export function add(state: State, value: i64): void {
  if (value == -2) unreachable();
  while (value == -1) state.n++;
  state.n++;
}

export function merge(state: State, other: State): void {
  state.n += other.n;
}

export function result(state: State): i64 {
  return state.n;
}
