// Wire text for eyes: XML and JSON with a line for each element. What is neither stays as it came.

const XML = /<!\[CDATA\[[\s\S]*?\]\]>|<[^>]+>|[^<]+/g;

function xml(text) {
  const lines = [];
  let depth = 0;
  let open = null; // the line of an element that has had no child element yet
  for (const [token] of text.matchAll(XML)) {
    const tag = token.startsWith("<") && !token.startsWith("<![CDATA[");
    if (!tag) {
      if (token.trim() === "" && open === null) continue;
      if (open === null) lines.push("  ".repeat(depth) + token.trim());
      else lines[open] += token.trim() === "" ? "" : token;
    } else if (token.startsWith("</")) {
      depth = Math.max(0, depth - 1);
      if (open === null) lines.push("  ".repeat(depth) + token);
      else lines[open] += token;
      open = null;
    } else {
      lines.push("  ".repeat(depth) + token);
      const alone = token.endsWith("/>") || token.startsWith("<?") || token.startsWith("<!");
      open = alone ? null : lines.length - 1;
      if (!alone) depth += 1;
    }
  }
  return lines.join("\n");
}

export function pretty(text) {
  if (text === null || text === undefined) return "";
  if (typeof text !== "string") return JSON.stringify(text, null, 2);
  const first = text.trimStart()[0];
  if (first === "<") return xml(text);
  if (first === "{" || first === "[") {
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      return text;
    }
  }
  return text;
}
