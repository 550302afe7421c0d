// What is tested: a part of a program that keeps threads.
import { Balancer, tasks } from 'leastwork';

const { countWords } = tasks(new URL('./words.js', import.meta.url));

export class WordCounter {
  #balancer = new Balancer({ workers: 1, timeout: 1_000 });

  count(text, options) {
    return this.#balancer.submit(countWords, [text], options);
  }

  close() {
    return this.#balancer.close();
  }
}
