// Server-sent events, for as long as the page is open. A browser tries again by itself where a connection broke, but
// not where the server answered with an error: that is done here, ever less often.

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
      if (source.readyState !== EventSource.CLOSED) return;
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
