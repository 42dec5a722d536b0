// A reporter for node:test that writes each event as one line of JSON, for test/run.mjs.
import { writeSync } from 'node:fs';
import { inspect } from 'node:util';
import { UnderWay } from './under-way.mjs';

/** What each of its lines begins with: tests may write to stdout too. */
export const mark = '\u001e';

const told = new Set(['test:dequeue', 'test:pass', 'test:fail', 'test:diagnostic']);
/** The counts that the runner itself writes at the end of a file. */
const isCount = ({ nesting, message }) =>
  nesting === 0 && /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/.test(message);

export default async function* eventLines(source) {
  /** The ends of tests come before that of what they stand in: their path is known only then. */
  let waiting = [];
  const underWay = new UnderWay(Number(process.env.FLORA_TEST_IDLE_SECONDS ?? Number.POSITIVE_INFINITY), (open) => {
    writeSync(1, line({ type: 'still open', message: open }));
    process.exit(1);
  });
  for await (const { type, data } of source) {
    if (!told.has(type) || (type === 'test:diagnostic' && isCount(data))) continue;
    const { name, nesting, message, details } = data;
    const event = { type, name, nesting, message };
    if (type === 'test:dequeue') underWay.begin(`${nesting} ${name}`);
    else if (type !== 'test:diagnostic') underWay.end(`${nesting} ${name}`);
    if (type === 'test:diagnostic' || type === 'test:dequeue') {
      yield line(event);
      continue;
    }
    const { error, duration_ms: ms, type: what } = details;
    const { skip, todo } = data;
    if (skip !== undefined) event.skip = skip === true ? 'no reason given' : skip;
    Object.assign(event, { ms, isSuite: what === 'suite', isTodo: todo !== undefined, path: [name] });
    if (error !== undefined) {
      event.isOfSubtests = error.failureType === 'subtestsFailed';
      event.error = inspect(error.cause ?? error, { depth: 6, maxStringLength: 20_000, maxArrayLength: 200 });
    }
    for (const inner of waiting) if (inner.nesting > nesting) inner.path.unshift(name);
    waiting.push(event);
    // A sign of life: the suite that it belongs to may last long.
    if (nesting > 0) yield line({ type: 'end', name });
    else {
      for (const each of waiting) yield line(each);
      waiting = [];
    }
  }
  for (const each of waiting) yield line(each);
}

function line(event) {
  return `${mark}${JSON.stringify(event)}\n`;
}
