/** The events of a trace as JSON. Text is put together by hand: `JSON.stringify` takes four times as long. */

/** Longer names are cut: an event must fit a page of the file. */
const MOST_NAME = 200;

/** A point in time, in tenths of a µs, as `putTime` writes it. */
export function timeText(tenths: number): string {
  const whole = Math.floor(tenths / 10);
  // Two whole numbers: writing one with a fraction takes five times as long.
  return `${whole}.${tenths - whole * 10}002`;
}

/** A name as JSON, in ASCII. */
export function quoted(name: string): string {
  const short = name.length > MOST_NAME ? `${name.slice(0, MOST_NAME)}...` : name;
  return JSON.stringify(short).replace(/[^\x20-\x7e]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Names a track, or the process, and sets its place among the others. */
export function nameEvents(pid: number, tid: number, name: string, place: number): readonly string[] {
  const of = `"ph":"M","pid":${pid},"tid":${tid}`;
  return [
    `{"name":"thread_name",${of},"args":{"name":${quoted(name)}}}`,
    `{"name":"thread_sort_index",${of},"args":{"sort_index":${place}}}`,
  ];
}

export function processNameEvent(pid: number, name: string): string {
  return `{"name":"process_name","ph":"M","pid":${pid},"tid":${pid},"args":{"name":${quoted(name)}}}`;
}

/** Something that happens at a moment. @param scope of the mark: one track, or all of the process */
export function instantEvent(
  name: string,
  scope: 't' | 'p',
  pid: number,
  tid: number,
  at: number,
  args: Readonly<Record<string, string | number | boolean>>,
): string {
  const list = Object.entries(args)
    .map(([key, value]) => `"${key}":${typeof value === 'string' ? quoted(value) : value}`)
    .join();
  return `{"name":${quoted(name)},"ph":"i","s":"${scope}","pid":${pid},"tid":${tid},"ts":${timeText(at)},"args":{${list}}}`;
}

export function counterEvent(name: string, pid: number, at: number, key: string, value: number): string {
  return `{"name":"${name}","ph":"C","pid":${pid},"tid":${pid},"ts":${timeText(at)},"args":{"${key}":${value}}}`;
}
