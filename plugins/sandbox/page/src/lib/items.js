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
  const media = item.media ?? {};
  return { ...media, url: first(media.url, media.musicurl, media.hqmusicurl, item.url, item.hq_url), title: first(media.title, item.title) };
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
  if (item.articles?.[0]) return articles_of(item)[0]; // as customer service sends it
  const from = item;
  return {
    title: first(from.title, from.Title, ""),
    description: first(from.description, from.Description, ""),
    url: first(from.url, from.Url),
    picture: first(from.thumb_url, from.picture),
  };
}

// Template and subscription messages: rows in the template's order, where it is told.
export function rows_of(item) {
  if (Array.isArray(item.fields)) return item.fields;
  return Object.entries(item.data ?? {}).map(([name, field]) => ({ name, value: String(field?.value ?? field ?? "") }));
}

export function choices_of(item) {
  const menu = item.menu ?? {};
  return {
    head: first(menu.head, ""),
    list: (menu.list ?? []).map((one) => ({ id: String(one.id), say: String(one.content) })),
    tail: first(menu.tail, ""),
  };
}

// Menus come as WeChat keeps them: { button = […] }, or that inside { menu = … }, or the list alone.
export function buttons_of(menu) {
  const list = Array.isArray(menu) ? menu : (menu?.button ?? menu?.menu?.button ?? []);
  return list.map((b) => ({ ...b, sub: b.sub_button?.list ?? b.sub_button ?? [] }));
}
