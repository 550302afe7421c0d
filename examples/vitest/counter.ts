// What is tested: a part of a program that keeps threads.
import { Balancer, type SubmitOptions, tasks } from 'leastwork';

const { countWords } = tasks<typeof import('./words.js')>(new URL('./words.ts', import.meta.url));

export class WordCounter {
  readonly #balancer = new Balancer({ workers: 1 });

  count(text: string, options?: SubmitOptions): Promise<Record<string, number>> {
    return this.#balancer.submit(countWords, [text], options);
  }

  close(): Promise<void> {
    return this.#balancer.close();
  }
}
