import { svg } from "../shared/svg.js";
import type { QR } from "./qr.js";

/** Modules of the light border. */
const quiet = 4;

/** A QR code as an image, black on white in every theme. */
export function qrImage(qr: QR, label: string): SVGSVGElement {
  const size = qr.length + 2 * quiet;
  const path = qr.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x + quiet} ${y + quiet}h1v1h-1z`] : []))).join("");
  return svg(
    "svg",
    { viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": label, "shape-rendering": "crispEdges" },
    svg("rect", { width: size, height: size, fill: "#fff" }),
    svg("path", { d: path, fill: "#000" }),
  );
}
