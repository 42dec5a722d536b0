import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isModule, placesIn, planted } from './mutators.ts';
import type { Kind } from './place.ts';

/** What a piece of code may become, by mistakes of a kind. */
function become(code: string, kind: Kind): readonly string[] {
  return placesIn(code)
    .filter((place) => place.kind === kind)
    .map((place) => planted(code, place));
}

const rows: readonly (readonly [Kind, string, ...string[]])[] = [
  ['condition', 'if (a) b();', 'if (!(a)) b();'],
  ['condition', 'while (a < 1) b();', 'while (!(a < 1)) b();'],
  ['condition', 'x = a ? b : c;', 'x = !(a) ? b : c;'],
  ['operand', 'x = a && b;', 'x = (b);', 'x = (a);'],
  ['operand', 'x = a ?? b;', 'x = (b);', 'x = (a);'],
  ['operand', 'x = !(a || b && c);', 'x = !((b && c));', 'x = !((a));', 'x = !(a || (c));', 'x = !(a || (b));'],
  ['not', 'x = !a;', 'x = (a);'],
  ['boolean', 'x = true;', 'x = false;'],
  ['call', 'a.b(1);', ';'],
  ['call', 'await b?.c();', ';'],
  ['await', 'x = await a();', 'x = a();'],
  ['await', 'async function f() { return await a(); }'],
  ['await', 'async () => { try { return await a(); } catch {} }', 'async () => { try { return a(); } catch {} }'],
  ['throw', 'if (a) throw b;', 'if (a) ;'],
  [
    'jump',
    'for (const a of b) { if (a) continue; break; }',
    'for (const a of b) { if (a) ; break; }',
    'for (const a of b) { if (a) continue; ; }',
  ],
  ['jump', 'function f() { return; }', 'function f() { ; }'],
  ['return', 'function f() { return 1; }', 'function f() { return; }'],
  ['return', 'f = () => a;', 'f = () => undefined;'],
  ['return', 'f = () => undefined; function g() { return undefined; }'],
  ['early-return', 'function f() { a(); b(); }', 'function f() { return; a(); b(); }'],
  ['boundary', 'x = a < b;', 'x = a <= b;'],
  ['boundary', 'x = a >= b;', 'x = a > b;'],
  ['equality', 'x = a === b;', 'x = a !== b;'],
  ['arithmetic', 'x = (a + b) * c;', 'x = (a - b) * c;', 'x = (a + b) / c;'],
  ['arithmetic', 'x -= 2;', 'x += 2;'],
  ['arithmetic', 'x = Math.min(a, b);', 'x = Math.max(a, b);'],
  ['constant', 'x = 40;', 'x = 0;', 'x = 400;'],
  ['constant', 'x = 2;', 'x = 0;', 'x = 20;', 'x = 1;', 'x = 3;'],
  ['constant', 'x = 1n;', 'x = 0n;', 'x = 10n;', 'x = 2n;'],
  ['constant', 'x = 0.5;', 'x = 0;', 'x = 5;'],
  ['word', "x = 'a' in b;", "x = '' in b;"],
  ['constant', 'x = 0;', 'x = 1;'],
  ['assignment', 'x = a;', ';'],
  ['assignment', 'x += 1;', ';'],
  ['assignment', 'delete a.b;', ';'],
  ['property', 'x = { a, ...b, c: 1 };', 'x = { ...b, c: 1 };', 'x = { a, c: 1 };', 'x = { a, ...b };'],
  ['word', "x = { ['a']: 1 };", "x = { ['']: 1 };"],
  ['call', 'void a();', ';'],
  ['property', 'x = { a };', 'x = {  };'],
  ['element', 'x = [a, b];', 'x = [b];', 'x = [a];'],
  ['text', "x = 'no such file';", "x = '';"],
  ['text', `x = \`at \${a}\`;`, "x = '';"],
  ['word', "x = { a: 'ready' };", "x = { a: '' };"],
  [
    'sql',
    "x = 'SELECT a FROM b WHERE c < 1 ORDER BY d DESC';",
    "x = 'SELECT a FROM b WHERE c <= 1 ORDER BY d DESC';",
    "x = 'SELECT a FROM b WHERE c < 1';",
    "x = 'SELECT a FROM b WHERE c < 1 ORDER BY d';",
  ],
  ['sql', 'x = `SELECT a FROM b WHERE c IS NULL`;', 'x = `SELECT a FROM b WHERE c IS NOT NULL`;'],
];

describe('a mistake of the kind', () => {
  for (const [kind, code, ...others] of rows)
    it(`${kind} in: ${code}`, () => assert.deepEqual(become(code, kind), others));
});

describe('an operator', () => {
  const others = ['< <=', '<= <', '> >=', '>= >', '=== !==', '!== ===', '== !=', '!= =='];
  const sums = ['+ -', '- +', '* /', '/ *', '% *'];
  const kindOf = (operator: string) => (/^[=!]/.test(operator) ? 'equality' : 'boundary');
  for (const pair of [...others, ...sums]) {
    const [operator = '', other = ''] = pair.split(' ');
    const kind = sums.includes(pair) ? 'arithmetic' : kindOf(operator);
    it(`${operator} becomes ${other}`, () => {
      assert.deepEqual(become(`x = a ${operator} b;`, kind), [`x = a ${other} b;`]);
    });
    if (!sums.includes(pair) || operator === '%') continue;
    it(`${operator}= becomes ${other}=`, () => {
      assert.deepEqual(become(`x ${operator}= b;`, kind), [`x ${other}= b;`]);
    });
  }

  it('of bounds becomes the other one', () => {
    assert.deepEqual(become('x = Math.max(a);', 'arithmetic'), ['x = Math.min(a);']);
  });
});

describe('SQL', () => {
  const select = (rest: string) => `x = 'SELECT a FROM b ${rest}';`;
  const edits: readonly (readonly [string, ...string[]])[] = [
    ['WHERE c OR d', 'WHERE c AND d'],
    ['WHERE c AND d', 'WHERE c OR d', 'WHERE c'],
    ['LIMIT 5', ''],
    ['WHERE c IS NOT 1', 'WHERE c IS 1'],
    ['WHERE NOT EXISTS (d)', 'WHERE EXISTS (d)'],
    ['GROUP BY DISTINCT c', 'GROUP BY c'],
    ['HAVING min(c)', 'HAVING max(c)'],
    ['HAVING max(c)', 'HAVING min(c)'],
    ['WHERE c < 1', 'WHERE c <= 1'],
    ['WHERE c > 1', 'WHERE c >= 1'],
    ['WHERE c <= 1', 'WHERE c < 1'],
    ['WHERE c >= 1', 'WHERE c > 1'],
    ['WHERE c = 1', 'WHERE c <> 1'],
  ];
  for (const [rest, ...others] of edits)
    it(`${rest} is changed`, () => {
      const expected = others.map((other) => select(other).replace(" ';", "';")).sort();
      assert.deepEqual([...become(select(rest), 'sql')].sort(), expected);
      assert.deepEqual(become(select(rest), 'text'), []);
    });

  it('of an insertion is changed too, but for what it does on a conflict', () => {
    assert.deepEqual(become("x = 'INSERT OR IGNORE INTO a VALUES (1)';", 'sql'), []);
  });
});

describe('no mistake', () => {
  it('is planted where it would be another one once more', () => {
    assert.deepEqual(become('if (a === b) c();', 'condition'), []);
    assert.deepEqual(become('if (!a) b();', 'not'), []);
    assert.deepEqual(become('x = !a ? b : c;', 'not'), []);
    assert.equal(become('if (f(!a)) b();', 'not').length, 1);
    assert.equal(become('if (a) b = !c;', 'not').length, 1);
    assert.deepEqual(become('function f() { return a; }', 'early-return'), []);
  });

  it('leaves out what is returned where that is nothing', () => {
    assert.deepEqual(become('function f() { return undefined; }', 'return'), []);
    assert.deepEqual(become('f = () => undefined;', 'return'), []);
  });

  it('subtracts from a text', () => {
    assert.deepEqual(become("x = 'a' + b + c;", 'arithmetic'), []);
    assert.deepEqual(become(`x += \`a\${b}\`;`, 'arithmetic'), []);
  });

  it('takes an addition for a text because there is one in it', () => {
    assert.equal(become("x = a.b(c === 'd') + 1;", 'arithmetic').length, 1);
    assert.equal(become("x = (a - b) + 'c';", 'arithmetic').length, 1);
  });

  it('empties what has no text', () => {
    assert.deepEqual(become(`x = \`\${a}\`;`, 'text'), []);
    assert.deepEqual(become(`x = \`a\${b}c\`;`, 'text'), ["x = '';"]);
    assert.deepEqual(become("x = '';", 'word'), []);
  });

  it('changes the name of a module or a key, or what a case or a comparison looks for', () => {
    const code = "import 'a'; export * from 'b'; x = { 'c': y }; switch (z) { case 'd': } if (z === 'e') f();";
    assert.deepEqual(become(code, 'word'), []);
  });

  it('leaves out what a constructor has to call', () => {
    const code = 'class A extends B { constructor() { super(); this.a = 1; } }';
    assert.deepEqual([...become(code, 'call'), ...become(code, 'early-return')], []);
    assert.equal(become('class A { constructor() { b(); c(); } }', 'early-return').length, 1);
  });
});

describe('a module', () => {
  it('is what can be loaded', () => {
    assert.equal(isModule('const a = await b;'), true);
    assert.equal(isModule('const a = ;'), false);
  });
});
