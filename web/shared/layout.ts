/** Where the cards of nodes stand on a map: pure geometry, in CSS pixels. */

export interface Point {
  x: number;
  y: number;
}

export interface Layout {
  height: number;
  cardWidth: number;
  /** The middle of each card's upper edge. */
  tops: Point[];
}

/** The narrowest and widest card. */
const minCard = 96;
const maxCard = 190;
const margin = 4;
/** Room above the cards for labels. */
const above = 26;

/**
 * Places n cards with heights. One stands in the middle; two and three beside each other, the third
 * lower; more in rows of equal width, each second row shifted.
 */
export function layout(width: number, heights: readonly number[]): Layout {
  const n = heights.length;
  if (n <= 2) {
    return rows(width, heights, [n], 0);
  }
  if (n === 3) {
    // The third one lower, in the middle: each two have a line of their own, also in a narrow window.
    const cardWidth = clamp((width - 2 * margin) * 0.3, minCard, maxCard);
    const drop = clamp(width * 0.07, 56, 76);
    const side = margin + cardWidth / 2 + Math.max(0, (width - 560) * 0.12);
    return {
      cardWidth,
      height: above + Math.max(heights[0]!, heights[1]!, heights[2]! + drop) + margin,
      tops: [
        { x: side, y: above },
        { x: width - side, y: above },
        { x: width / 2, y: above + drop },
      ],
    };
  }
  const fit = Math.max(2, Math.floor((width - 2 * margin) / (minCard + 44)));
  const columns = Math.min(fit, Math.ceil(n / Math.ceil(n / fit)));
  const counts: number[] = [];
  for (let rest = n; rest > 0; rest -= columns) {
    counts.push(Math.min(columns, rest));
  }
  return rows(width, heights, counts, 48);
}

function rows(width: number, heights: readonly number[], counts: readonly number[], gap: number): Layout {
  const columns = Math.max(1, ...counts);
  const column = (width - 2 * margin) / columns;
  const cardWidth = clamp(column - 40, Math.min(minCard, column - 8), maxCard);
  const tops: Point[] = [];
  let y = above;
  for (const [row, count] of counts.entries()) {
    const of = heights.slice(tops.length, tops.length + count);
    const shift = count < columns ? ((columns - count) * column) / 2 : 0;
    for (let i = 0; i < count; i++) {
      tops.push({ x: margin + shift + column * (i + 0.5), y });
    }
    y += Math.max(0, ...of) + (row < counts.length - 1 ? gap : 0);
  }
  return { cardWidth, tops, height: y + margin };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
