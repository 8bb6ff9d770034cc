// Server-sent events, for as long as the page is open. Another try is always a new stream, which tells first what is
// there: a browser's own would go on behind the last event that it had, of a sandbox that may be gone.

const SLOWEST = 10000; // milliseconds between two tries

export function live(path, kinds, { on_event, on_open, on_lost }) {
  let source = null;
  let wait = 500;
  let timer = null;

  function open() {
    source = new EventSource(path);
    source.onopen = () => {
      wait = 500;
      on_open();
    };
    source.onerror = () => {
      on_lost();
      source.close();
      timer = setTimeout(open, wait);
      wait = Math.min(wait * 2, SLOWEST);
    };
    for (const kind of kinds) {
      source.addEventListener(kind, (event) => {
        let data;
        try {
          data = JSON.parse(event.data);
        } catch {
          return; // half an event: the next refresh brings it
        }
        on_event(kind, data);
      });
    }
  }

  open();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}
