/** What this package needs of a WebSocket: browsers, Node 22 and the package ws have it. */
export interface WebSocketLike {
  binaryType: string;
  readonly bufferedAmount: number;
  readonly protocol: string;
  onopen: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  send(data: any): void;
  close(code?: number, reason?: string): void;
}

export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;

/**
 * The WebSocket of the platform. Node 20 has none: the one of this package is loaded, from a file
 * that browsers never load.
 */
export async function platformWebSocket(): Promise<WebSocketConstructor> {
  const own = (globalThis as { WebSocket?: unknown }).WebSocket;
  return own !== undefined ? (own as WebSocketConstructor) : (await import("./node-websocket.js")).NodeWebSocket;
}
