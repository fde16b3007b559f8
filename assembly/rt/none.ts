// An empty runtime: a kernel that allocates, throws or builds a string does not compile.
export {};
