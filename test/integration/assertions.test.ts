import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { type CallExpression, type Node, parse } from 'acorn';
import { ancestor, full } from 'acorn-walk';

// The compiled file lies in build/test/integration.
const compiled = join(import.meta.dirname, '..');

/** A function of the tests, which names it calls, and which it names besides: to pass them on. */
interface Fn {
  readonly asserts: boolean;
  readonly calls: ReadonlySet<string>;
  readonly names: ReadonlySet<string>;
}

interface Read {
  readonly name: string;
  /** From which module a name is, relative to the compiled tests. */
  readonly imported: ReadonlyMap<string, string>;
  readonly functions: ReadonlyMap<string, readonly Fn[]>;
  readonly tests: readonly { readonly at: string; readonly fn: Fn }[];
  /** Where an error is expected, and not which. */
  readonly anyErrors: readonly string[];
}

const isFunction = ({ type }: Node) => type.includes('Function');

function nameOf(callee: Node): string {
  if (callee.type === 'Identifier') return (callee as Node & { readonly name: string }).name;
  if (callee.type !== 'MemberExpression') return '';
  const { object, property } = callee as Node & { readonly object: Node; readonly property: Node };
  return nameOf(object) === 'assert' ? 'assert' : nameOf(property);
}

/** `throw` counts: a helper that waits in vain, or finds something else, throws. */
function readFunction(node: Node): Fn {
  const [calls, names] = [new Set<string>(), new Set<string>()];
  let throws = false;
  full(node, (each) => {
    if (each.type === 'ThrowStatement') throws = true;
    if (each.type === 'CallExpression') calls.add(nameOf((each as CallExpression).callee));
    if (each.type === 'Identifier') names.add(nameOf(each));
  });
  return { asserts: throws || calls.has('assert') || names.has('assert'), calls, names };
}

/** What a name stands for where a function is given one: a declaration, a constant, a property or a method. */
function givenName(parent: Node | undefined): string {
  const { id, key } = (parent ?? {}) as { readonly id?: Node | null; readonly key?: Node };
  const name = id ?? key;
  return name === undefined || name === null || name.type !== 'Identifier' ? '' : nameOf(name);
}

function read(name: string, code: string): Read {
  const functions = new Map<string, Fn[]>();
  const imported = new Map<string, string>();
  const tests: { at: string; fn: Fn }[] = [];
  const anyErrors: string[] = [];
  const know = (known: string, node: Node) =>
    known === '' ? undefined : functions.set(known, [...(functions.get(known) ?? []), readFunction(node)]);
  const add = (node: Node, ancestors: readonly Node[]) => {
    const own = givenName(node);
    know(own === '' ? givenName(ancestors.at(-2)) : own, node);
  };
  const program = parse(code, { ecmaVersion: 'latest', sourceType: 'module', locations: true });
  ancestor(program, {
    FunctionDeclaration: (node, _, ancestors) => add(node, ancestors),
    FunctionExpression: (node, _, ancestors) => add(node, ancestors),
    ArrowFunctionExpression: (node, _, ancestors) => add(node, ancestors),
    ImportDeclaration({ source, specifiers }) {
      for (const { local } of specifiers) imported.set(local.name, join(dirname(name), String(source.value)));
    },
    CallExpression(node) {
      const at = `${name}:${node.loc?.start.line}`;
      const { callee } = node;
      const text = code.slice(callee.start, callee.end);
      if (/^assert\.(rejects|throws)$/.test(text) && node.arguments.length < 2) anyErrors.push(at);
      const body = node.arguments.find(isFunction);
      if (/^(it|test|t\.test)$/.test(text) && body !== undefined) tests.push({ at, fn: readFunction(body) });
    },
  });
  return { name, imported, functions, tests, anyErrors };
}

/** The tests that could not fail for what they find: they assert nothing, and nor does anything that they call. */
function without(files: readonly Read[]): readonly string[] {
  const everywhere = new Map<string, readonly Fn[]>();
  for (const [name, fns] of files.flatMap(({ functions }) => [...functions]))
    everywhere.set(name, [...(everywhere.get(name) ?? []), ...fns]);
  const asserting = new Set<Fn>();
  /** Of this file, of the one that it imports it from, or what a helper has given it: then any of the name. */
  const meant = (file: Read, name: string, isCalled: boolean): readonly Fn[] => {
    const own = file.functions.get(name);
    const from = file.imported.get(name);
    if (own !== undefined) return own;
    if (from !== undefined) return files.find((each) => each.name === from)?.functions.get(name) ?? [];
    return isCalled ? (everywhere.get(name) ?? []) : [];
  };
  const leads = (file: Read, some: ReadonlySet<string>, areCalled: boolean) =>
    [...some].some((name) => meant(file, name, areCalled).some((fn) => asserting.has(fn)));
  const doesAssert = (file: Read, { asserts, calls, names }: Fn) =>
    asserts || leads(file, calls, true) || leads(file, names, false);
  for (let before = -1; before !== asserting.size; ) {
    before = asserting.size;
    for (const file of files)
      for (const fn of [...file.functions.values()].flat()) if (doesAssert(file, fn)) asserting.add(fn);
  }
  return files.flatMap((file) => file.tests.filter(({ fn }) => !doesAssert(file, fn)).map(({ at }) => at));
}

describe('a test', () => {
  const names = readdirSync(compiled, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'));
  const files = names.map((name) => read(name, readFileSync(join(compiled, name), 'utf8')));

  it('asserts something, by itself or by a helper', () => {
    assert.ok(files.reduce((sum, { tests }) => sum + tests.length, 0) > 1_000);
    assert.deepEqual(without(files), []);
  });

  it('that expects an error says which', () => {
    assert.deepEqual(
      files.flatMap(({ anyErrors }) => anyErrors),
      [],
    );
  });

  it('would be found otherwise', () => {
    const code = `function looks() { return 1; } function checks() { assert.ok(looks()); }
      it('a', () => { looks(); });
      it('b', () => checks());
      it('c', async () => { await assert.rejects(looks()); });
      it('d', () => { throw new Error(); });`;
    const found = read('x.test.js', code);
    assert.deepEqual([without([found]), found.anyErrors], [['x.test.js:2'], ['x.test.js:4']]);
  });
});
