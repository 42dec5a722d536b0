import type { Literal, TemplateLiteral } from 'acorn';
import { instead, type Place, type Seen } from './place.ts';

/** Numbers that are 0, ten times as much or one more or less; texts that are empty; true for false; other SQL. */
export function changedLiterals({ node, parent, code }: Seen): readonly Place[] {
  if (node.type === 'TemplateLiteral')
    return parent?.type === 'TaggedTemplateExpression' ? [] : otherTemplate(node, code);
  if (node.type !== 'Literal' || isName(node, parent)) return [];
  switch (typeof node.value) {
    case 'boolean':
      return [instead('boolean', node, String(!node.value))];
    case 'number':
    case 'bigint':
      return otherNumbers(node.value).map((other) => instead('constant', node, other));
    case 'string':
      return otherText(node, node.value, code);
    default:
      return [];
  }
}

/** Where the literal is no value: a module's name, a key, what a `case` or a comparison looks for. */
function isName(node: Literal, parent: Seen['parent']): boolean {
  switch (parent?.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
    case 'ImportAttribute':
    case 'ExpressionStatement':
      return true;
    case 'Property':
    case 'PropertyDefinition':
    case 'MethodDefinition':
      return parent.key === node && !parent.computed;
    case 'SwitchCase':
      return parent.test === node;
    case 'BinaryExpression':
      return typeof node.value === 'string' && /^[=!]==?$/.test(parent.operator);
    default:
      return false;
  }
}

function otherNumbers(value: number | bigint): readonly string[] {
  const unit = typeof value === 'bigint' ? 'n' : '';
  const number = Number(value);
  if (number === 0) return [`1${unit}`];
  if (!Number.isSafeInteger(number)) return ['0', String(number * 10)];
  const near = number <= 10 ? [number - 1, number + 1] : [];
  return [...new Set([0, number * 10, ...near])].map((other) => `${other}${unit}`);
}

function otherText(node: Literal, value: string, code: string): readonly Place[] {
  if (value === '') return [];
  if (isSql(value)) return otherSql(node.start + 1, node.end - 1, code);
  return [instead(value.includes(' ') ? 'text' : 'word', node, "''")];
}

function otherTemplate(node: TemplateLiteral, code: string): readonly Place[] {
  const texts = node.quasis.map(({ value }) => value.raw);
  if (isSql(texts.join(' '))) return node.quasis.flatMap(({ start, end }) => otherSql(start, end, code));
  return texts.every((text) => text === '') ? [] : [instead('text', node, "''")];
}

function isSql(text: string): boolean {
  return /^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b|\b(WHERE|ORDER BY|FROM \w+|SET \w+ =|ON CONFLICT)\b/.test(text);
}

const sqlEdits: readonly (readonly [RegExp, string])[] = [
  [/ AND /g, ' OR '],
  [/ OR (?!REPLACE|IGNORE)/g, ' AND '],
  [/\s+AND [^()]+?(?=\s+(AND|OR|ORDER|GROUP|LIMIT|RETURNING)\b|\)|$)/g, ''],
  [/ ORDER BY [^()]+?(?=\s+LIMIT\b|\)|$)/g, ''],
  [/ DESC\b/g, ''],
  [/ LIMIT \d+/g, ''],
  [/\bIS NOT\b/g, 'IS'],
  [/\bIS (?!NOT\b)/g, 'IS NOT '],
  [/\bNOT (?=EXISTS|IN\b|LIKE|GLOB)/g, ''],
  [/\bDISTINCT /g, ''],
  [/\bmin\(/gi, 'max('],
  [/\bmax\(/gi, 'min('],
  [/ < /g, ' <= '],
  [/ > /g, ' >= '],
  [/ <= /g, ' < '],
  [/ >= /g, ' > '],
  [/(?<=\b(WHERE|AND|OR|ON) [^=]{1,40}) = /g, ' <> '],
];

function otherSql(start: number, end: number, code: string): readonly Place[] {
  const text = code.slice(start, end);
  return sqlEdits.flatMap(([pattern, by]) =>
    [...text.matchAll(pattern)].map(({ index, 0: found }) => {
      const from = start + index;
      return { kind: 'sql' as const, start: from, end: from + found.length, by, at: start };
    }),
  );
}
