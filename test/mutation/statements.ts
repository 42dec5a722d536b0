import type { AnyNode, Expression } from 'acorn';
import { instead, type Place, type Seen } from './place.ts';

/** Statements that are left out, values that are not returned, functions that end as they begin. */
export function changedStatements({ node }: Seen): readonly Place[] {
  switch (node.type) {
    case 'ExpressionStatement':
      return withoutStatement(node, node.expression);
    case 'ThrowStatement':
      return [instead('throw', node, ';')];
    case 'BreakStatement':
    case 'ContinueStatement':
      return [instead('jump', node, ';')];
    case 'ReturnStatement':
      if (node.argument == null) return [instead('jump', node, ';')];
      return isUndefined(node.argument) ? [] : [instead('return', node, 'return;')];
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      return withoutBody(node.body);
    default:
      return [];
  }
}

function withoutStatement(node: AnyNode, expression: Expression): readonly Place[] {
  const inner = expression.type === 'AwaitExpression' ? expression.argument : expression;
  switch (inner.type) {
    case 'ChainExpression':
      return [instead('call', node, ';')];
    case 'CallExpression':
      return inner.callee.type === 'Super' ? [] : [instead('call', node, ';')];
    case 'AssignmentExpression':
    case 'UpdateExpression':
      return [instead('assignment', node, ';')];
    case 'UnaryExpression':
      return inner.operator === 'delete' ? [instead('assignment', node, ';')] : [instead('call', node, ';')];
    default:
      return [];
  }
}

function withoutBody(body: AnyNode): readonly Place[] {
  if (body.type !== 'BlockStatement') return isUndefined(body) ? [] : [instead('return', body, 'undefined')];
  const [first, second] = body.body;
  // One statement alone is left out as a statement. A constructor whose class extends another has to call it.
  if (first === undefined || second === undefined || isSuperCall(first)) return [];
  return [{ kind: 'early-return', start: first.start, end: first.start, by: 'return; ', at: first.start }];
}

/** What is returned is the same without it. */
function isUndefined(node: AnyNode): boolean {
  return node.type === 'Identifier' && node.name === 'undefined';
}

function isSuperCall(node: AnyNode): boolean {
  return (
    node.type === 'ExpressionStatement' &&
    node.expression.type === 'CallExpression' &&
    node.expression.callee.type === 'Super'
  );
}
