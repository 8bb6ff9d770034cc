// Between the phone and a page in its browser: jweixin.js of the sandbox tells what the page wants of WeChat by
// postMessage, { weiyue = "jweixin", call, args }. Only the frame that is open is heard.

export function bridge(frame, { title, close, menu }) {
  const calls = {
    title: (args) => title(String(args?.title ?? "")),
    closeWindow: close,
    hideOptionMenu: () => menu(false),
    showOptionMenu: () => menu(true),
  };

  function on_message(event) {
    if (event.source !== frame.contentWindow || event.data?.weiyue !== "jweixin") return;
    if (Object.hasOwn(calls, event.data.call)) calls[event.data.call](event.data.args);
  }

  window.addEventListener("message", on_message);
  return () => window.removeEventListener("message", on_message);
}
