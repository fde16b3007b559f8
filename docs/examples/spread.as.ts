/** The least and the greatest value so far. */
@unmanaged
export class State {
  least: i64;
  most: i64;
}

export function init(state: State): void {
  state.least = i64.MAX_VALUE;
  state.most = i64.MIN_VALUE;
}

export function add(state: State, value: i64): void {
  state.least = min(state.least, value);
  state.most = max(state.most, value);
}

export function merge(state: State, other: State): void {
  state.least = min(state.least, other.least);
  state.most = max(state.most, other.most);
}

export function result(state: State): f64 {
  return <f64>state.most - <f64>state.least;
}
