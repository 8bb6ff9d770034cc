// Between the phone and a page in its browser: jweixin.js of the sandbox tells what the page wants of WeChat by
// postMessage, { weiyue = "jweixin", call, args, id }. What is asked with an id is answered by { weiyue = "phone", id },
// which says that somebody is there, and then { weiyue = "phone", id, result }. Only the frame that is open is heard.

export function bridge(frame, { title, close, menu, scan }) {
  const calls = {
    title: (args) => title(String(args?.title ?? "")),
    closeWindow: close,
    hideOptionMenu: () => menu(false),
    showOptionMenu: () => menu(true),
  };

  function on_message(event) {
    if (event.source !== frame.contentWindow || event.data?.weiyue !== "jweixin") return;
    const { call, args, id } = event.data;
    const answer = (more) => event.source.postMessage({ weiyue: "phone", id, ...more }, event.origin);
    if (call === "scan" && id) {
      answer({});
      scan(String(args?.example ?? ""), (result) => answer({ result }));
    } else if (Object.hasOwn(calls, call)) {
      calls[call](args);
    }
  }

  window.addEventListener("message", on_message);
  return () => window.removeEventListener("message", on_message);
}
