/** The wire protocol alone, for tests and tools: `@parley-dm/client/wire`. */

export * from "./frame.js";
export * from "./payload.js";
