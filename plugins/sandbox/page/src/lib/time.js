// Unix seconds as people read them, in the reader's own zone.
const two = (n) => String(n).padStart(2, "0");

export function clock(at) {
  const d = new Date(at * 1000);
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

export const short = (at) => clock(at).slice(0, 5);

export function full(at) {
  const d = new Date(at * 1000);
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${clock(at)}`;
}

export const took = (ms) => (ms < 1 ? "< 1 ms" : ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms)} ms`);
