import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

// The compiled test lies in build/test/unit.
const root = join(import.meta.dirname, '..', '..', '..', 'src');

const call = /\b(?:log|logger)\??\.(?:trace|debug|info|warn|error|fatal)\(/gi;

/** What stands between the bracket at `from` and the one that closes it. */
function inBrackets(text: string, from: number): string {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    if ('([{'.includes(text[at] ?? '')) depth += 1;
    if (')]}'.includes(text[at] ?? '')) depth -= 1;
    if (depth === 0) return text.slice(from + 1, at);
  }
  return text.slice(from + 1);
}

/** The parts of a list that commas separate, those in brackets of their own left whole. */
function partsOf(list: string): readonly string[] {
  const parts = [''];
  let depth = 0;
  for (const char of list) {
    if ('([{'.includes(char)) depth += 1;
    if (')]}'.includes(char)) depth -= 1;
    if (char === ',' && depth === 0) parts.push('');
    else parts.push(`${parts.pop()}${char}`);
  }
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

/** Where a name of the file is given its value, or its shape, as an object. */
function meaningsOf(name: string, text: string): readonly string[] {
  const given = new RegExp(`\\b(?:const ${name}(?:: \\w+)? = |interface ${capital(name)} )\\{`, 'g');
  return [...text.matchAll(given)].map((match) => inBrackets(text, match.index + match[0].length - 1));
}

function capital(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

/** The names of an object's fields, as far as the file shows them; of the rest, what it does not show. */
function fieldsOf(object: string, text: string): readonly string[] {
  return partsOf(object.replaceAll(';', ',')).flatMap((part) => {
    const spread = /^\.\.\.(\w+)$/.exec(part)?.[1];
    if (spread !== undefined) return fieldsOfName(spread, text);
    const either = /^\.\.\.\((.*)\)$/s.exec(part)?.[1];
    if (either !== undefined) {
      return [...either.matchAll(/\{/g)].flatMap(({ index }) => fieldsOf(inBrackets(either, index), text));
    }
    return [/^(?:readonly )?['"]?(\w+)\??['"]?\s*(?::|$)/.exec(part)?.[1] ?? `… ${part}`];
  });
}

function fieldsOfName(name: string, text: string): readonly string[] {
  const meanings = meaningsOf(name, text);
  return meanings.length === 0 ? [`… ${name}`] : meanings.flatMap((each) => fieldsOf(each, text));
}

/** The fields of the facts of each call of a logger, in code without comments. */
function factsIn(text: string): readonly string[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(?<!:)\/\/.*$/gm, '');
  return [...code.matchAll(call)].flatMap((match) => {
    const [facts = ''] = partsOf(inBrackets(code, match.index + match[0].length - 1));
    return facts.startsWith('{') ? fieldsOf(facts.slice(1, -1), code) : fieldsOfName(facts, code);
  });
}

function strange(text: string): readonly string[] {
  return factsIn(text).filter((field) => !/^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/.test(field));
}

describe('the facts of log lines', () => {
  it('are named in snake case, and all of them where the line is written', () => {
    let calls = 0;
    const wrong = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .flatMap((path) => {
        const text = readFileSync(join(root, path), 'utf8');
        calls += [...text.matchAll(call)].length;
        return strange(text).map((field) => `${path}: ${field}`);
      });
    assert.ok(calls > 40, `only ${calls} calls were found`);
    assert.deepEqual(wrong, []);
  });

  it('are found wherever they are given', () => {
    const cases: readonly (readonly [string, readonly string[]])[] = [
      ["log.info({ code, every_ms: 5, 'state_dir': x }, 'm')", []],
      ["this.#log.warn({ retryMs, at_ms: 1 }, 'm')", ['retryMs']],
      ["deps.log?.error({ code: e.code, requestId: call(a, { b: 1 }) }, 'm')", ['requestId']],
      ["const facts = { isFull, pages };\nlog.info(facts, 'm')", ['isFull']],
      ["const facts: Facts = { pages, ...(x ? {} : { assetId: y }) };\nlog.info({ ...facts, a: 1 }, 'm')", ['assetId']],
      [
        "interface Counts {\n  readonly pages: number;\n  readonly totalMs: number;\n}\nlog.info({ ...counts }, 'm')",
        ['totalMs'],
      ],
      ["log.info(summary, 'm')", ['… summary']],
      ["log.info({ ...place }, 'm')", ['… place']],
      ["// log.info({ aB }, 'm')\nlog.info({}, 'a, b')", []],
    ];
    for (const [text, fields] of cases) assert.deepEqual(strange(text), fields, text);
  });
});
