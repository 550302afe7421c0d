import { type ByteString, toBytes } from './bytes.js';

// A shell takes these unquoted, except '#' and '~' at the beginning and a brace alone.
const PLAIN = /^(?![#~]|[{}]$)[\w@%+,./\-#~{}\]\u{80}-\u{10ffff}]+$/u;

/**
 * A file name as GNU tools show it in messages (`shell-escape` of gnulib's quotearg): quoted for a shell
 * where needed, with control characters and bytes that are not UTF-8 as `$'\n'` or `$'\377'`. So no file name
 * can forge a message or send escape sequences to a terminal.
 */
export function quote(name: ByteString): string {
  const parts = printableParts(toBytes(name));
  const printable = parts.every((part) => part.printable);
  const text = parts.map((part) => part.text).join('');
  if (printable) {
    if (PLAIN.test(text)) return text;
    if (text.includes("'") && !/["$`\\!]/.test(text)) return `"${text}"`;
  }
  let out = parts[0]?.printable === false ? "''" : '';
  for (const part of parts) {
    const quoted = part.printable ? `'${part.text.replaceAll("'", `'\\''`)}'` : `$'${part.text}'`;
    out += out !== '' && quoted.startsWith("''") ? quoted.slice(2) : quoted;
  }
  return out || "''";
}

/** Splits a name into runs of printable text and runs that need `$'…'`; the latter are already escaped. */
function printableParts(bytes: Buffer): { text: string; printable: boolean }[] {
  const parts: { text: string; printable: boolean }[] = [];
  const add = (text: string, printable: boolean) => {
    const last = parts.at(-1);
    if (last?.printable === printable) last.text += text;
    else parts.push({ text, printable });
  };
  for (let at = 0; at < bytes.length; ) {
    const length = utf8Length(bytes, at);
    const text = bytes.toString('utf8', at, at + length);
    if (length > 1 ? !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text) : bytes[at]! >= 0x20 && bytes[at]! < 0x7f)
      add(text, true);
    else for (const byte of bytes.subarray(at, at + length)) add(escapeByte(byte), false);
    at += length;
  }
  return parts;
}

/** Length of the UTF-8 character at `at` in bytes; 1 where the bytes are not valid UTF-8. */
function utf8Length(bytes: Buffer, at: number): number {
  const lead = bytes[at]!;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 1;
  const valid = length > 1 && !bytes.toString('utf8', at, at + length).includes('\ufffd');
  return valid ? length : 1;
}

const ESCAPES: Record<number, string> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
};

function escapeByte(byte: number): string {
  return ESCAPES[byte] ?? `\\${byte.toString(8).padStart(3, '0')}`;
}

/** The name of an input as messages show it; `-` is standard input. */
export function showInput(name: ByteString): string {
  return name === '-' ? "'standard input'" : quote(name);
}
