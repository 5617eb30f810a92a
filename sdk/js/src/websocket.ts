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
 * The WebSocket of the platform. In Node it is the one of this package, from a file that browsers
 * never load: Node 20 has none of its own, and that of later versions can neither be cut off when
 * its server is silent nor tell at once that a server closed during the handshake.
 */
export async function platformWebSocket(): Promise<WebSocketConstructor> {
  const { WebSocket, navigator } = globalThis as { WebSocket?: WebSocketConstructor; navigator?: { userAgent?: string } };
  if (WebSocket !== undefined && !navigator?.userAgent?.startsWith("Node.js/")) {
    return WebSocket;
  }
  return (await import("./node-websocket.js")).NodeWebSocket;
}
