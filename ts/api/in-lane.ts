/** Set on `globalThis` of a lane's thread, where `run` must not be called. */
export const IN_LANE = Symbol.for('millrace.in-lane');
