// The ABI: every kernel that a host may call. Re-exports only, a line a family.
export * from "./kernels/bytes";
export * from "./kernels/partition";
export * from "./kernels/words";
