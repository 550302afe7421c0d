/** How csv-parse is called, here and in the threads. */
import type { parse } from 'csv-parse/sync';

type Parse = typeof parse;

/** Records as objects, their keys the columns. */
export type ParseCsv = (text: string, columns: readonly string[]) => unknown[];

/** Not found out by the parser, which would take the first one for that of all records. */
const RECORD_ENDS = ['\r\n', '\n'];

export function recordParser(parse: Parse): ParseCsv {
  return (text, columns) =>
    parse(text, { columns: [...columns], record_delimiter: RECORD_ENDS, skip_empty_lines: true });
}

/** The fields of a header. */
export function parseHeader(parse: Parse, text: string): string[] {
  const [columns = []] = parse(text, { record_delimiter: RECORD_ENDS }) as string[][];
  return columns;
}
