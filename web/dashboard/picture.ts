// What an event of /v1/events has: see the schema Picture of /v1/openapi.json.

export type Group = "ways" | "outcomes" | "refused" | "shaping" | "ended";
export type Counts = Partial<Record<Group, Record<string, number>>>;

export interface Summary {
  count: number;
  p50: number;
  p90: number;
  p99: number;
  buckets: number[];
}

export interface Figures {
  per_second?: Counts;
  minute?: Counts;
  total?: Counts;
  window: number;
  times?: Record<string, Summary>;
}

export type State = "ready" | "not_ready" | "silent" | "other" | "gone";

export interface NodePicture extends Figures {
  id: string;
  name: string;
  state: State;
  reason?: string;
  since?: string;
  heard?: string;
  started?: string;
  users?: Record<string, number>;
  members: number;
  settled: boolean;
  queue_bytes: number;
  queue_limit?: number;
}

export interface LinkPicture {
  from: string;
  to: string;
  suspended?: boolean;
  queued?: number;
  round_trip?: number;
}

export interface Change {
  at: string;
  kind: "joined" | "left";
  node: string;
  why?: string;
  seen: { by: string; at: string }[];
}

export interface Picture extends Figures {
  at: string;
  by: string;
  members: number;
  answering: number;
  users: number;
  nodes: NodePicture[];
  links: LinkPicture[];
  links_left_off?: number;
  changes: Change[];
}

export const sum = (counts: Record<string, number> | undefined): number =>
  Object.values(counts ?? {}).reduce((all, n) => all + n, 0);

export const nameOf = (id: string): string => id.replace(/#[^#]*$/, "");

/** What the states of nodes are called in a sentence that begins with the node's name. */
export const stateText: Record<State, string> = {
  ready: "ready",
  not_ready: "not ready",
  silent: "does not answer",
  other: "other version",
  gone: "gone",
};
