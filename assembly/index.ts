// The ABI: every kernel that a host may call. Re-exports only, a line a family.
export * from "./kernels/bytes";
export * from "./kernels/nexmark";
export * from "./kernels/partition";
export * from "./kernels/words";
export * from "./kernels/select";
export * from "./kernels/compare";
export * from "./kernels/logic";
export * from "./kernels/arithmetic";
export * from "./kernels/cast";
export * from "./kernels/utf8";
export * from "./kernels/json/columns";
export * from "./kernels/json/decode";
export * from "./kernels/accumulate";
export * from "./kernels/group-rows";
export * from "./kernels/window";
export * from "./state/group-table";
