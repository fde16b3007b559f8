// A sum that can be taken back.
@unmanaged
export class State {
  sum: i64;
}

export function init(state: State): void {}

export function add(state: State, value: i64): void {
  state.sum += value;
}

export function retract(state: State, value: i64): void {
  state.sum -= value;
}

export function merge(state: State, other: State): void {
  state.sum += other.sum;
}

export function result(state: State): i64 {
  return state.sum;
}
