import type { AnyNode, BinaryExpression, Expression, PrivateIdentifier, Property, SpreadElement } from 'acorn';
import { instead, type Kind, type Place, type Seen, textOf } from './place.ts';

const swapped: Readonly<Record<string, readonly [Kind, string]>> = {
  '<': ['boundary', '<='],
  '<=': ['boundary', '<'],
  '>': ['boundary', '>='],
  '>=': ['boundary', '>'],
  '===': ['equality', '!=='],
  '!==': ['equality', '==='],
  '==': ['equality', '!='],
  '!=': ['equality', '=='],
  '+': ['arithmetic', '-'],
  '-': ['arithmetic', '+'],
  '*': ['arithmetic', '/'],
  '/': ['arithmetic', '*'],
  '%': ['arithmetic', '*'],
  '+=': ['arithmetic', '-='],
  '-=': ['arithmetic', '+='],
  '*=': ['arithmetic', '/='],
  '/=': ['arithmetic', '*='],
};

/** Conditions that are negated, operands that are left out, operators that are others. */
export function changedExpressions(seen: Seen): readonly Place[] {
  const { node, parent, isInTry, code } = seen;
  switch (node.type) {
    case 'IfStatement':
    case 'ConditionalExpression':
    case 'WhileStatement':
    case 'DoWhileStatement':
      return negated(node.test, code);
    case 'ForStatement':
      return node.test == null ? [] : negated(node.test, code);
    case 'LogicalExpression':
      return [node.right, node.left].map((rest) => instead('operand', node, `(${textOf(code, rest)})`));
    case 'UnaryExpression':
      if (node.operator !== '!' || isTestOf(node, parent)) return [];
      return [instead('not', node, `(${textOf(code, node.argument)})`)];
    case 'AwaitExpression':
      // Whoever gets the promise waits for it just as long.
      if (parent?.type === 'ReturnStatement' && !isInTry) return [];
      return [instead('await', node, textOf(code, node.argument))];
    case 'BinaryExpression':
      return otherOperator(node, node.left, node.right, code);
    case 'AssignmentExpression':
      return otherOperator(node, undefined, node.right, code, node.left.end);
    case 'MemberExpression':
      return otherBound(textOf(code, node), node);
    case 'ObjectExpression':
      return without('property', node.properties);
    case 'ArrayExpression':
      return without('element', node.elements);
    default:
      return [];
  }
}

/** Nothing where the other operator says the same: a comparison with `===` or `!==`. */
function negated(test: Expression, code: string): readonly Place[] {
  if (test.type === 'BinaryExpression' && swapped[test.operator]?.[0] === 'equality') return [];
  return [instead('condition', test, `!(${textOf(code, test)})`)];
}

function isTestOf(node: AnyNode, parent: Seen['parent']): boolean {
  return parent !== undefined && 'test' in parent && parent.test === node;
}

function otherOperator(
  node: { readonly operator: string; readonly start: number },
  left: Expression | PrivateIdentifier | undefined,
  right: Expression,
  code: string,
  leftEnd = left?.end ?? node.start,
): readonly Place[] {
  const [kind, by] = swapped[node.operator] ?? [];
  if (kind === undefined || by === undefined) return [];
  // Nobody subtracts from a text.
  if (node.operator.startsWith('+') && (isText(left) || isText(right))) return [];
  const start = code.indexOf(node.operator, leftEnd);
  return [{ kind, start, end: start + node.operator.length, by, at: node.start }];
}

function isText(node: Expression | PrivateIdentifier | undefined): boolean {
  if (node === undefined) return false;
  if (node.type === 'BinaryExpression') return isTextSum(node);
  return node.type === 'TemplateLiteral' || (node.type === 'Literal' && typeof node.value === 'string');
}

function isTextSum({ operator, left, right }: BinaryExpression): boolean {
  return operator === '+' && (isText(left) || isText(right));
}

function otherBound(text: string, node: AnyNode): readonly Place[] {
  if (text === 'Math.min') return [instead('arithmetic', node, 'Math.max')];
  return text === 'Math.max' ? [instead('arithmetic', node, 'Math.min')] : [];
}

/** Each with the comma behind it, the last one with the comma before it. */
function without(kind: Kind, parts: readonly (Property | SpreadElement | Expression | null)[]): readonly Place[] {
  return parts.flatMap((part, index) => {
    if (part === null) return [];
    const next = parts[index + 1];
    const start = next == null ? (parts[index - 1]?.end ?? part.start) : part.start;
    return [{ kind, start, end: next?.start ?? part.end, by: '', at: part.start }];
  });
}
