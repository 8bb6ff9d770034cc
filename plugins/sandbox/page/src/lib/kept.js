// What the page remembers from one visit to the next; nothing where the browser keeps nothing.

const PREFIX = "weiyue.sandbox.";

export function recall(name) {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

export function keep(name, value) {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // private windows
  }
}
