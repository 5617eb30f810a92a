/**
 * A QR code (ISO/IEC 18004) of a short text: byte mode, error correction level M, versions 1 to 6,
 * which hold up to 106 bytes. That is all that a link needs, and less than a library.
 */

/** By version from 1: codewords of error correction of a block, blocks, codewords of data of a block. */
const versions = [
  [10, 1, 16],
  [16, 1, 28],
  [26, 1, 44],
  [18, 2, 32],
  [24, 2, 43],
  [16, 4, 27],
] as const;

/** Modules in rows; true is dark. */
export type QR = boolean[][];

export function qrCode(text: string): QR {
  const bytes = new TextEncoder().encode(text);
  const index = versions.findIndex(([, blocks, data]) => bytes.length + 2 <= blocks * data);
  if (index < 0) {
    throw new Error(`a QR code of ${bytes.length} bytes: at most 106 are possible here`);
  }
  const [correction, blocks, perBlock] = versions[index]!;
  const codewords = interleave(dataCodewords(bytes, blocks * perBlock), blocks, perBlock, correction);
  const version = index + 1;
  let best: { qr: QR; penalty: number } | undefined;
  for (let mask = 0; mask < 8; mask++) {
    const qr = draw(version, codewords, mask);
    const p = penalty(qr);
    if (best === undefined || p < best.penalty) {
      best = { qr, penalty: p };
    }
  }
  return best!.qr;
}

/** Mode, length, text, end, padding. */
function dataCodewords(bytes: Uint8Array, length: number): number[] {
  const bits: number[] = [];
  const put = (value: number, count: number): void => {
    for (let i = count - 1; i >= 0; i--) {
      bits.push((value >> i) & 1);
    }
  };
  put(4, 4); // byte mode
  put(bytes.length, 8);
  bytes.forEach((b) => put(b, 8));
  put(0, Math.min(4, length * 8 - bits.length));
  put(0, (8 - (bits.length % 8)) % 8);
  const words: number[] = [];
  for (let i = 0; i < bits.length; i += 8) {
    words.push(bits.slice(i, i + 8).reduce((value, bit) => value * 2 + bit, 0));
  }
  for (let pad = 0xec; words.length < length; pad ^= 0xec ^ 0x11) {
    words.push(pad);
  }
  return words;
}

/** The blocks' data, column by column, and then their error correction. */
function interleave(data: number[], blocks: number, perBlock: number, correction: number): number[] {
  const all = Array.from({ length: blocks }, (_, i) => data.slice(i * perBlock, (i + 1) * perBlock));
  const codes = all.map((block) => remainder(block, generator(correction)));
  const words: number[] = [];
  for (let i = 0; i < perBlock; i++) {
    words.push(...all.map((block) => block[i]!));
  }
  for (let i = 0; i < correction; i++) {
    words.push(...codes.map((code) => code[i]!));
  }
  return words;
}

/** Multiplication in the field of 256 elements, modulo x^8 + x^4 + x^3 + x^2 + 1. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let i = 7; i >= 0; i--) {
    product = (product << 1) ^ ((product >> 7) * 0x11d) ^ (((b >> i) & 1) * a);
  }
  return product;
}

/** The coefficients of the product of (x - 2^i), without the first. */
function generator(degree: number): number[] {
  const g: number[] = [...Array<number>(degree - 1).fill(0), 1];
  let root = 1;
  for (let i = 0; i < degree; i++) {
    for (let j = 0; j < degree; j++) {
      g[j] = multiply(g[j]!, root) ^ (g[j + 1] ?? 0);
    }
    root = multiply(root, 2);
  }
  return g;
}

function remainder(data: number[], divisor: number[]): number[] {
  const rest: number[] = divisor.map(() => 0);
  for (const word of data) {
    const factor = word ^ rest.shift()!;
    rest.push(0);
    divisor.forEach((d, i) => (rest[i]! ^= multiply(d, factor)));
  }
  return rest;
}

function draw(version: number, codewords: number[], mask: number): QR {
  const size = 17 + 4 * version;
  const qr: (boolean | undefined)[][] = Array.from({ length: size }, () => Array<boolean | undefined>(size).fill(undefined));
  const set = (x: number, y: number, dark: boolean): void => {
    qr[y]![x] = dark;
  };
  for (let i = 0; i < size; i++) {
    set(6, i, i % 2 === 0);
    set(i, 6, i % 2 === 0);
  }
  for (const [cx, cy] of [[3, 3], [size - 4, 3], [3, size - 4]] as const) {
    for (let dy = -4; dy <= 4; dy++) {
      for (let dx = -4; dx <= 4; dx++) {
        const ring = Math.max(Math.abs(dx), Math.abs(dy));
        if (cx + dx >= 0 && cx + dx < size && cy + dy >= 0 && cy + dy < size) {
          set(cx + dx, cy + dy, ring !== 2 && ring !== 4);
        }
      }
    }
  }
  if (version > 1) {
    const c = size - 7; // the one alignment pattern of these versions
    for (let dy = -2; dy <= 2; dy++) {
      for (let dx = -2; dx <= 2; dx++) {
        set(c + dx, c + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1);
      }
    }
  }
  drawFormat(size, mask, set);
  drawData(qr, codewords, mask);
  return qr as QR;
}

/** Level M and the mask, with their error correction, twice; and the module that is always dark. */
function drawFormat(size: number, mask: number, set: (x: number, y: number, dark: boolean) => void): void {
  let rest = mask; // level M is 00
  for (let i = 0; i < 10; i++) {
    rest = (rest << 1) ^ ((rest >> 9) * 0x537);
  }
  const format = ((mask << 10) | rest) ^ 0x5412;
  const bit = (i: number): boolean => ((format >> i) & 1) === 1;
  for (let i = 0; i < 15; i++) {
    // beside the upper left corner: down, then to the left
    if (i < 8) {
      set(8, i < 6 ? i : i + 1, bit(i));
    } else {
      set(i === 8 ? 7 : 14 - i, 8, bit(i));
    }
    // beside the two others
    if (i < 8) {
      set(size - 1 - i, 8, bit(i));
    } else {
      set(8, size - 15 + i, bit(i));
    }
  }
  set(8, size - 8, true);
}

/** In columns of two, upwards and downwards in turn, from the right. */
function drawData(qr: (boolean | undefined)[][], codewords: number[], mask: number): void {
  const size = qr.length;
  let i = 0;
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) {
      right = 5; // the timing pattern's column
    }
    for (let step = 0; step < size; step++) {
      const upwards = ((right + 1) & 2) === 0;
      const y = upwards ? size - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (qr[y]![x] === undefined) {
          const bit = ((codewords[i >> 3] ?? 0) >> (7 - (i & 7))) & 1;
          qr[y]![x] = (bit === 1) !== masked(mask, x, y);
          i++;
        }
      }
    }
  }
}

function masked(mask: number, x: number, y: number): boolean {
  switch (mask) {
    case 0:
      return (x + y) % 2 === 0;
    case 1:
      return y % 2 === 0;
    case 2:
      return x % 3 === 0;
    case 3:
      return (x + y) % 3 === 0;
    case 4:
      return (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0;
    case 5:
      return ((x * y) % 2) + ((x * y) % 3) === 0;
    case 6:
      return (((x * y) % 2) + ((x * y) % 3)) % 2 === 0;
    default:
      return (((x + y) % 2) + ((x * y) % 3)) % 2 === 0;
  }
}

/** How hard a code is to read: runs, blocks, what looks like a finder, and an uneven share of dark. */
function penalty(qr: QR): number {
  const size = qr.length;
  const columns = qr.map((_, x) => qr.map((row) => row[x]!));
  let sum = 0;
  let dark = 0;
  for (const line of [...qr, ...columns]) {
    let run = 0;
    line.forEach((module, i) => {
      run = i > 0 && module === line[i - 1] ? run + 1 : 1;
      sum += run === 5 ? 3 : run > 5 ? 1 : 0;
    });
    const text = line.map((m) => (m ? "1" : "0")).join("");
    for (const finder of ["10111010000", "00001011101"]) {
      for (let at = text.indexOf(finder); at >= 0; at = text.indexOf(finder, at + 1)) {
        sum += 40;
      }
    }
  }
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const module = qr[y]![x]!;
      dark += module ? 1 : 0;
      if (x > 0 && y > 0 && module === qr[y - 1]![x] && module === qr[y]![x - 1] && module === qr[y - 1]![x - 1]) {
        sum += 3;
      }
    }
  }
  return sum + 10 * Math.floor(Math.abs((dark * 100) / (size * size) - 50) / 5);
}
