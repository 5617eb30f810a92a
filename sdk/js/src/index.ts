/** The client of Parley: see README.md. It begins with connect. */

export { connect, Client } from "./client.js";
export { ParleyError, type ErrorCode, type Outcome } from "./errors.js";
export { Message } from "./messages.js";
export type { ConnectOptions, Handlers, State } from "./options.js";
export type { Receipt } from "./payload.js";
export type { RequestOptions } from "./requests.js";
export type { WebSocketConstructor, WebSocketLike } from "./websocket.js";
