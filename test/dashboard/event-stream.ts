import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { onTestFinished } from 'vitest';
import type { Events } from '../../src/dashboard/wire.js';

/** The events of a dashboard, as its page gets them. */
export class EventStream {
  readonly ended: Promise<unknown>;
  readonly #events: [name: string, data: string][] = [];
  #wake = (): void => {};

  static async open(url: string): Promise<EventStream> {
    const asked = get(new URL('events', url), { agent: false });
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    onTestFinished(() => void response.destroy());
    return new EventStream(response);
  }

  private constructor(response: IncomingMessage) {
    this.ended = once(response, 'end');
    this.ended.catch(() => {});
    let rest = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n\n');
      rest = parts.pop() as string;
      for (const part of parts) {
        const [, name, data] = /^event: (\w+)\ndata: (.*)$/s.exec(part) as unknown as [
          string,
          string,
          string,
        ];
        this.#events.push([name, data]);
      }
      this.#wake();
    });
  }

  /** The next event of that name; others before it are passed over. */
  next<Name extends keyof Events>(name: Name): Promise<Events[Name]> {
    return this.until(name, () => true);
  }

  /** The next event of that name for which the condition holds. */
  async until<Name extends keyof Events>(
    name: Name,
    condition: (data: Events[Name]) => boolean,
  ): Promise<Events[Name]> {
    for (;;) {
      const next = this.#events.shift();
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      const data = JSON.parse(next[1]) as Events[Name];
      if (next[0] === name && condition(data)) return data;
    }
  }
}
