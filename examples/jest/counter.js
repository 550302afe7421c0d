// What is tested: a part of a program that keeps threads.
const { Balancer, tasks } = require('leastwork');

const { countWords } = tasks(require.resolve('./words.js'));

exports.WordCounter = class WordCounter {
  #balancer = new Balancer({ workers: 1 });

  count(text, options) {
    return this.#balancer.submit(countWords, [text], options);
  }

  close() {
    return this.#balancer.close();
  }
};
