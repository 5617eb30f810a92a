// Numbers, durations and moments as the page writes them.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat("en", { maximumFractionDigits: 1, minimumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

export const count = (n: number): string => whole.format(n);

export const plural = (n: number, noun: string): string => `${count(n)} ${noun}${n === 1 ? "" : "s"}`;

/** A rate: whole from 10 on. "–" if it is not known. */
export function rate(n: number | undefined): string {
  if (n === undefined) return "–";
  if (n === 0) return "0";
  return n < 9.95 ? tenth.format(n) : whole.format(n);
}

/** A duration in microseconds, with two or three digits that count. */
export function micros(us: number): string {
  for (const [unit, size] of [
    ["s", 1e6],
    ["ms", 1e3],
    ["µs", 1],
  ] as const) {
    if (us >= size * 0.9995 || size === 1) {
      const n = us / size;
      return `${n < 9.95 ? tenth.format(n) : whole.format(n)} ${unit}`;
    }
  }
  return "";
}

/** A duration in seconds, as people say it. */
export function seconds(s: number): string {
  if (s < 60) return `${Math.max(0, Math.round(s))} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

export function bytes(n: number): string {
  for (const [unit, size] of [
    ["GiB", 2 ** 30],
    ["MiB", 2 ** 20],
    ["KiB", 2 ** 10],
  ] as const) {
    if (n >= size) return `${n / size < 9.95 ? tenth.format(n / size) : whole.format(n / size)} ${unit}`;
  }
  return `${whole.format(n)} B`;
}

/** A moment: the time, with the day if it is not today. */
export function moment(text: string | undefined): string {
  if (!text) return "–";
  const at = new Date(text);
  const time = clock.format(at);
  return at.toDateString() === new Date().toDateString() ? time : `${day.format(at)}, ${time}`;
}

/** A name of the API as words: user_not_found, user not found. */
export const words = (name: string): string => name.replaceAll("_", " ");
