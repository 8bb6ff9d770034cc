-- luacheck: no max line length
-- jweixin.js of the sandbox: wx.config checked against what the sandbox knows, functions of the phone made up, wx-open-*
-- tags shown. What a page calls is told to the inspector, and to the chat page that has the page in a frame.

return [==[
/* weiyue sandbox: in the place of WeChat's jweixin.js */
(function () {
  "use strict";
  var script = document.currentScript;
  var base = script ? new URL(script.src).origin : "";
  var config = null, state = "waiting", failure = null, ready = [], errors = [], images = {}, serial = 0;

  function later(fn, value) { setTimeout(function () { fn(value); }, 0); }

  function tell_frame(call, args) {
    if (window.parent !== window) {
      try { window.parent.postMessage({ weiyue: "jweixin", call: call, args: plain(args) }, "*"); } catch (e) { /* no frame of ours */ }
    }
  }

  // What can be told: no functions.
  function plain(args) {
    try { return JSON.parse(JSON.stringify(args === undefined ? {} : args)); } catch (e) { return {}; }
  }

  function report(api, args, reply) {
    var body = JSON.stringify({ appid: config && config.appId, api: api, args: plain(args), reply: plain(reply), url: location.href });
    if (!config) return;
    try {
      fetch(base + "/-/jssdk/report", { method: "POST", mode: "cors", credentials: "omit", body: body, keepalive: true }).catch(function () {});
    } catch (e) { /* an old browser */ }
  }

  function log(text, hint) {
    console.info("weiyue sandbox: " + text + (hint ? " (" + hint + ")" : ""));
  }

  // --- wx.config ---

  function settle(result) {
    state = result.ok ? "ok" : "failed";
    var message = result.ok ? "config:ok" : "config:" + (result.reason || "fail");
    log(message, result.hint);
    document.documentElement.setAttribute("data-wx-config", message);
    report("config", { jsApiList: config.jsApiList || [], openTagList: config.openTagList || [], url: location.href.split("#")[0] },
      { errMsg: message, hint: result.hint });
    if (config.debug && window.parent === window) alert("{\"errMsg\":\"" + message + "\"}"); // frames show none
    if (result.ok) {
      ready.splice(0).forEach(function (fn) { later(fn); });
    } else {
      failure = { errMsg: message };
      errors.forEach(function (fn) { later(fn, failure); });
    }
    tags();
  }

  function check(given) {
    config = given || {};
    var missing = ["appId", "timestamp", "nonceStr", "signature"].filter(function (name) { return !config[name]; });
    if (missing.length) return settle({ ok: false, reason: "fail, missing " + missing.join(", ") });
    if (!Array.isArray(config.jsApiList)) return settle({ ok: false, reason: "fail, jsApiList must be an array" });
    var query = new URLSearchParams({ appid: config.appId, timestamp: String(config.timestamp), noncestr: String(config.nonceStr),
      signature: String(config.signature), url: location.href.split("#")[0] });
    fetch(base + "/-/jssdk/check?" + query, { mode: "cors", credentials: "omit" })
      .then(function (response) { return response.json(); })
      .then(settle, function (error) { settle({ ok: false, reason: "fail, " + error.message }); });
  }

  // --- functions ---

  function allowed(name) {
    return state === "ok" && (FREE[name] || (config.jsApiList || []).indexOf(name) >= 0);
  }

  function finish(name, options, suffix, values) {
    var result = Object.assign({ errMsg: name + ":" + suffix }, values || {});
    var outcome = suffix === "ok" ? "success" : suffix === "cancel" ? "cancel" : "fail";
    report(name, options, result);
    if (options[outcome]) later(options[outcome], result);
    if (options.complete) later(options.complete, result);
    if (outcome !== "success") log(result.errMsg);
  }

  var FREE = { checkJsApi: true, closeWindow: true };

  function define(name, act) {
    wx[name] = function (options) {
      options = options || {};
      if (state === "waiting") { // before wx.ready: as WeChat does
        return finish(name, options, "fail, call it in wx.ready");
      }
      if (!allowed(name)) {
        return finish(name, options, state === "ok" ? "fail, the permission value is offline verifying" : "fail, no permission to execute");
      }
      act(options, function (suffix, values) { finish(name, options, suffix, values); });
    };
  }

  function pixel(text) {
    var canvas = document.createElement("canvas");
    canvas.width = 240; canvas.height = 160;
    var pen = canvas.getContext("2d");
    pen.fillStyle = "#12345a"; pen.fillRect(0, 0, 240, 160);
    pen.fillStyle = "#f4efd8"; pen.beginPath(); pen.arc(170, 60, 28, 0, 7); pen.fill();
    pen.font = "16px sans-serif"; pen.fillText(text, 16, 140);
    return canvas.toDataURL("image/png");
  }

  function title(options, names) {
    return names.filter(function (name) { return !options[name]; });
  }

  var wx = {
    config: check,
    ready: function (fn) { if (state === "ok") later(fn); else ready.push(fn); },
    error: function (fn) { errors.push(fn); if (state === "failed") later(fn, failure); },
    checkJsApi: function (options) {
      var result = {};
      (options.jsApiList || []).forEach(function (name) { result[name] = state === "ok" && typeof wx[name] === "function" && allowed(name); });
      finish("checkJsApi", options, "ok", { checkResult: result });
    },
    closeWindow: function () { report("closeWindow", {}, {}); tell_frame("closeWindow"); },
    miniProgram: { getEnv: function (fn) { later(fn, { miniprogram: false }); } }
  };

  // What the phone's user is asked. Browsers show no window.prompt of a page in a frame: the chat page asks, which has it.
  function ask(call, args, text, done) {
    var id = String(++serial), alone = setTimeout(prompt_here, 1000);
    function prompt_here() {
      window.removeEventListener("message", on_message);
      done(window.prompt(text, args.example));
    }
    function on_message(event) {
      if (event.source !== window.parent || !event.data || event.data.weiyue !== "phone" || event.data.id !== id) return;
      clearTimeout(alone);
      if (event.data.result === undefined) return; // it is there, and asks
      window.removeEventListener("message", on_message);
      done(event.data.result);
    }
    if (window.parent === window) { clearTimeout(alone); return prompt_here(); }
    window.addEventListener("message", on_message);
    window.parent.postMessage({ weiyue: "jweixin", call: call, args: args, id: id }, "*");
  }

  define("scanQRCode", function (options, done) {
    var is_bar = options.scanType && options.scanType[0] === "barCode";
    ask("scan", { example: is_bar ? "EAN_13,6900000000000" : "https://example.com/" }, "扫到的内容 / what the camera sees", function (result) {
      if (result === null) return done("cancel");
      done("ok", { resultStr: result });
    });
  });

  define("chooseImage", function (options, done) {
    var id = "wxLocalResource://sandbox" + (++serial);
    images[id] = pixel(id.slice(-8));
    done("ok", { localIds: [id], sourceType: "album" });
  });
  define("getLocalImgData", function (options, done) {
    if (!images[options.localId]) return done("fail, no such localId");
    done("ok", { localData: images[options.localId] });
  });
  define("previewImage", function (options, done) { done("ok"); });
  define("uploadImage", function (options, done) {
    if (!images[options.localId]) return done("fail, no such localId");
    fetch(base + "/-/jssdk/upload", { method: "POST", mode: "cors", credentials: "omit",
      body: JSON.stringify({ appid: config.appId, data: images[options.localId].split(",")[1] }) })
      .then(function (response) { return response.json(); })
      .then(function (reply) { reply.media_id ? done("ok", { serverId: reply.media_id }) : done("fail"); }, function () { done("fail"); });
  });
  define("downloadImage", function (options, done) {
    var id = "wxLocalResource://sandbox" + (++serial);
    images[id] = pixel("download");
    done("ok", { localId: id });
  });

  define("getLocation", function (options, done) {
    done("ok", { latitude: 31.2304, longitude: 121.4737, speed: 0, accuracy: 30 });
  });
  define("openLocation", function (options, done) { done("ok"); });
  define("getNetworkType", function (options, done) { done("ok", { networkType: "wifi" }); });

  ["updateAppMessageShareData", "updateTimelineShareData", "onMenuShareAppMessage", "onMenuShareTimeline", "onMenuShareQQ",
    "onMenuShareWeibo", "onMenuShareQZone"].forEach(function (name) {
    define(name, function (options, done) {
      var missing = title(options, name.indexOf("Timeline") >= 0 ? ["title", "link"] : ["title", "link"]);
      if (missing.length) return done("fail, missing " + missing.join(", "));
      var link;
      try { link = new URL(options.link, location.href); } catch (e) { return done("fail, link is no URL"); }
      if (link.host !== location.host) return done("fail, link is of another domain");
      tell_frame("share", { name: name, title: options.title, desc: options.desc, link: link.href, imgUrl: options.imgUrl });
      done("ok");
    });
  });

  // Cards and invoices are the user's who uses the phone.
  function purse(name, options, done, show) {
    fetch(base + "/-/jssdk/purse", { method: "POST", mode: "cors", credentials: "include",
      body: JSON.stringify({ appid: config.appId, api: name, options: plain(options) }) })
      .then(function (response) { return response.json(); })
      .then(function (reply) { reply.list ? done("ok", show(reply.list)) : done("fail, " + reply.reason); }, function () { done("fail"); });
  }

  define("chooseInvoice", function (options, done) {
    purse("chooseInvoice", options, done, function (list) { return { choose_invoice_info: JSON.stringify(list) }; });
  });
  define("addCard", function (options, done) {
    purse("addCard", options, done, function (list) { return { cardList: list }; });
  });
  define("chooseCard", function (options, done) {
    purse("chooseCard", options, done, function (list) { return { cardList: JSON.stringify(list) }; });
  });
  define("openCard", function (options, done) { done("ok"); });

  ["hideOptionMenu", "showOptionMenu", "hideMenuItems", "showMenuItems", "hideAllNonBaseMenuItem", "showAllNonBaseMenuItem"].forEach(function (name) {
    define(name, function (options, done) { tell_frame(name, options); done("ok"); });
  });

  ["startRecord", "stopRecord", "onVoiceRecordEnd", "playVoice", "pauseVoice", "stopVoice", "onVoicePlayEnd", "uploadVoice", "downloadVoice",
    "translateVoice", "startSearchBeacons", "stopSearchBeacons", "onSearchBeacons", "chooseWXPay", "openAddress", "openProductSpecificView",
    "openEnterpriseChat"].forEach(function (name) {
    define(name, function (options, done) { done("fail, the sandbox has no " + name); });
  });

  // The user agrees to subscription messages, one of each template: done(whether it was noted).
  function agree(ids, done) {
    fetch(base + "/-/jssdk/consent", { method: "POST", mode: "cors", credentials: "include",
      body: JSON.stringify({ appid: config.appId, template_ids: ids }) })
      .then(function (response) { return response.json(); })
      .then(function (reply) { done(reply.ok === true); }, function () { done(false); });
  }

  // --- wx-open-* ---

  var TAGS = ["wx-open-launch-weapp", "wx-open-launch-app", "wx-open-subscribe", "wx-open-audio"];

  function tags() {
    TAGS.forEach(function (name) {
      if (window.customElements && !customElements.get(name)) define_tag(name);
      Array.prototype.forEach.call(document.getElementsByTagName(name), function (element) { if (element.show) element.show(); });
    });
  }

  function define_tag(name) {
    function Tag() { return Reflect.construct(HTMLElement, [], Tag); }
    Tag.prototype = Object.create(HTMLElement.prototype);
    Tag.prototype.connectedCallback = function () { this.show(); };
    Tag.prototype.show = function () {
      var self = this;
      if (state === "waiting") return;
      var wanted = state === "ok" && (config.openTagList || []).indexOf(name) >= 0;
      var template = this.querySelector("template, script[type='text/wxtag-template']");
      var root = this.shadowRoot || this.attachShadow({ mode: "open" });
      root.textContent = "";
      if (!wanted) {
        root.textContent = name + ": " + (state === "ok" ? "不在 openTagList 里 / not in openTagList" : "wx.config 没有成功 / wx.config has failed");
        this.setAttribute("data-wx-open", "refused");
        this.dispatchEvent(new CustomEvent("error", { detail: { errMsg: name + ":fail, permission denied" } }));
        return;
      }
      if (!template) {
        root.textContent = name + ": 没有 template / no template";
        this.setAttribute("data-wx-open", "empty");
        return;
      }
      root.innerHTML = template.innerHTML;
      this.setAttribute("data-wx-open", "shown");
      this.dispatchEvent(new CustomEvent("ready", { detail: {} }));
      if (this.listens) return; // it is shown anew: a press is one press
      this.listens = true;
      root.addEventListener("click", function () {
        var args = {};
        Array.prototype.forEach.call(self.attributes, function (one) { args[one.name] = one.value; });
        report(name, args, { errMsg: name + ":ok" });
        var detail = { errMsg: name + ":ok" };
        if (name === "wx-open-subscribe") {
          var ids = (self.getAttribute("template") || "").split(",").map(function (id) { return id.trim(); }).filter(Boolean);
          agree(ids, function (ok) {
            var details = {};
            ids.forEach(function (id) { details[id] = JSON.stringify({ status: "accept", timestamp: String(Math.floor(Date.now() / 1000)) }); });
            detail = ok ? { errMsg: "requestSubscribeMessage:ok", subscribeDetails: JSON.stringify(details) } : { errMsg: "requestSubscribeMessage:fail" };
            self.dispatchEvent(new CustomEvent(ok ? "success" : "error", { detail: detail }));
          });
        } else {
          self.dispatchEvent(new CustomEvent("launch", { detail: detail }));
        }
      });
    };
    Object.setPrototypeOf(Tag, HTMLElement);
    customElements.define(name, Tag);
  }

  window.wx = window.jWeixin = wx;
  window.__wxjs_environment = "browser";
  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", function () { tell_frame("title", { title: document.title }); });
  } else {
    tell_frame("title", { title: document.title });
  }
})();
]==]
