import type { State } from "./api.js";
import { byId, h } from "./dom.js";
import { qrCode } from "./qr.js";
import { qrImage } from "./qr-image.js";

let shown = "";

/** Shows where a further user opens the page. */
export function showJoin(join: State["join"]): void {
  if (shown === join.url || join.url === "") {
    return;
  }
  shown = join.url;
  const link = byId("join-url") as HTMLAnchorElement;
  link.href = join.url;
  link.textContent = join.url;
  byId("qr").replaceChildren(qrImage(qrCode(join.url), `QR code of ${join.url}`));
  byId("join-hint").replaceChildren(
    ...(join.local
      ? ["Only this machine reaches it. For a phone in the same network: ", h("code", {}, "parley demo --listen 0.0.0.0:7070"), "."]
      : ["Any device in the same network can open it."]),
  );
  byId("join").hidden = false;
}
