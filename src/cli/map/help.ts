import { availableCores } from '../../options/cpu-quota.js';
import { WATCH_HELP } from '../watch-options.js';

export const HELP = `Usage: leastwork map [OPTION]... MODULE#EXPORT [FILE]...
       leastwork map [OPTION]... -e FUNCTION [FILE]...

Calls a function for each line of the FILEs (none, or -: standard input), on all cores, and prints what it returns:
a string as it is, anything else as JSON; nothing for undefined; one line for each value of an array, another
iterable or a generator. Promises are awaited. Without #EXPORT the module's default export is called.

Examples:
  leastwork map -e 'line => JSON.parse(line).id' events.jsonl          one field of each line
  leastwork map -e 'line => line.length > 80 ? line : undefined' *.txt  a filter
  leastwork map ./text.js#words < book.txt                              a module's function; an array gives many lines
  leastwork map --ndjson -e 'e => ({ ...e, day: e.time.slice(0, 10) })' events.jsonl.gz -o days.jsonl
  leastwork map --csv -e 'r => r.name + ": " + r.mail' people.csv       records as objects
  leastwork map ./parse.js#row big.jsonl -o rows.jsonl --errors bad.jsonl --journal rows.journal --resume
                                                                        may be killed and started again at any time

Input:
      --ndjson           each line is parsed as JSON; blank ones are skipped
      --csv              each record is an object, its keys from the header of its FILE (npm install csv-parse)
  -0, --null             lines end with a NUL byte, as from find -print0
      --files-from FILE  the FILEs are the lines of FILE, or what NUL bytes separate, as from find -print0
                         FILEs named .gz and .zst are decompressed

Output:
  -o, --output FILE      results go to FILE, which appears complete or not at all (but see --journal);
                         one named .gz or .zst is compressed
      --errors FILE      failed items go to FILE as NDJSON: line, offset, item, name, message, stack
      --unordered        results as they come, not in the order of the lines
      --tag              each line of output begins with its item and a tab

Failures:
      --retries N        run an item up to N times more when it fails (default: 0)
      --retry-delay T    wait before the first time, doubled for each further one (default: 100ms)
      --timeout T        an item that runs longer has failed; T as in 500ms, 30s, 5m; without a unit: seconds
      --halt WHEN        give up after failures: now,fail=3 or soon,fail=10% (soon: what runs is finished)

Resuming:
      --journal FILE     record in FILE what is done, so that the batch can be resumed; needs --output
      --resume           go on where the journal ends; begin where there is none
      --retry-failed     run the failed items of a complete journal again
      --force            go on although the input or the function has changed

On the machines of a cluster ('leastwork work'), which serve the module under its name:
      --redis URL        their Redis or Valkey, as in redis://host:6379
      --postgres URL     their PostgreSQL, as in postgres://user@host/database
      --cluster          their engine is LEASTWORK_REDIS or LEASTWORK_POSTGRES in the environment
      --name NAME, --prefix TEXT, --lock-duration T, --max-payload MB
                         as the machines have them
      --engine-timeout T    give up when the engine does not answer (default: 1m)
      --machine-timeout T   give up when no machine serves the function (default: 30s)

Threads:
  -j, --workers N        threads (default: one for each core, here ${availableCores()})
      --preload MODULE   load MODULE in each thread first; may be repeated
      --env NAME=VALUE   set an environment variable of the threads; may be repeated
      --max-memory MB    replace a thread whose heap is larger

Watching:
${WATCH_HELP}
      --config FILE      options from FILE (default: leastwork.config.{yaml,yml,json,js,mjs,cjs,ts,mts}, or leastwork.yaml, here or above)
      --dry-run          say what would be done, and check that it can be
      --summary KIND     text, json or none (default: text, on standard error)
      --quiet            the same as --summary none
  -h, --help             print this
      --version          print the version

What the function prints goes to standard error. Ctrl-C finishes the items that run and writes what is done; once
more, it ends at once. Exit code: 0 all well; 1 items failed, or --halt; 2 it could not run; 130 interrupted.
`;
