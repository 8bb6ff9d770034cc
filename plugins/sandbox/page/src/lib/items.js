// The sandbox's items as the phone shows them: what WeChat's wire forms call by several names has one here.

const first = (...values) => values.find((value) => value !== undefined && value !== null && value !== "");

export function articles_of(item) {
  const list = item.articles ?? item.news?.articles ?? [];
  return list.map((a) => ({
    title: first(a.title, a.Title, ""),
    description: first(a.description, a.digest, a.Description, ""),
    picture: first(a.picurl, a.pic_url, a.PicUrl, a.thumb_url),
    url: first(a.url, a.Url),
  }));
}

// A picture, voice, video, file: where the browser gets it.
export function media_of(item) {
  if (item.type === "music") return { url: first(item.url, item.hq_url), title: item.title };
  return typeof item.media === "string" ? { url: item.media } : (item.media ?? {});
}

export function place_of(item) {
  const from = item.location ?? item;
  return {
    latitude: Number(first(from.latitude, from.Location_X, 0)),
    longitude: Number(first(from.longitude, from.Location_Y, 0)),
    label: first(from.label, from.Label, ""),
  };
}

export function link_of(item) {
  const from = typeof item.link === "object" && item.link ? item.link : item;
  return {
    title: first(from.title, from.Title, ""),
    description: first(from.description, from.Description, ""),
    url: first(from.url, from.Url),
    picture: first(from.thumb_url, from.picture),
  };
}

// Template and subscription messages: a title and rows, whose keys are the developer's or WeChat's.
export function rows_of(item) {
  const data = item.data ?? item.template?.data ?? {};
  return Object.entries(data).map(([name, field]) => ({ name, value: String(field?.value ?? field ?? "") }));
}

export function choices_of(item) {
  const menu = item.msgmenu ?? item;
  return {
    head: first(menu.head_content, ""),
    list: (menu.list ?? []).map((one) => ({ id: String(one.id), say: String(one.content) })),
    tail: first(menu.tail_content, ""),
  };
}

// Menus come as WeChat keeps them: { button = […] }, or that inside { menu = … }, or the list alone.
export function buttons_of(menu) {
  const list = Array.isArray(menu) ? menu : (menu?.button ?? menu?.menu?.button ?? []);
  return list.map((b) => ({ ...b, sub: b.sub_button?.list ?? b.sub_button ?? [] }));
}
