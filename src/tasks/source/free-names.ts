/**
 * Finds the free names of a function: the names that it uses but does not declare.
 *
 * One walk records each declaration in its scope and each use with its scope. Uses are looked up at the end,
 * so that hoisting needs no walk of its own. `var` and functions are declared in the nearest function's
 * scope, everything else in the nearest block. Names that exist only through `eval` or `with` cannot be
 * analysed.
 */
import type { Node } from 'acorn';
import {
  type FreeName,
  functionScope,
  innerScope,
  outermostScope,
  type Scope,
  type Use,
  undeclared,
} from './scope.js';

interface Walk {
  readonly uses: Use[];
  /** Operands of `typeof`, which is how code asks whether a name exists: none of their uses is reported. */
  readonly guarded: Set<string>;
  /** Functions that are visible only in their blocks. */
  readonly inBlocks: Set<string>;
  /** Above 0 inside `with`, where any name may be a property. */
  withDepth: number;
}

/** A node with all its fields: which it has follows from its `type`. */
// biome-ignore lint/suspicious/noExplicitAny: ESTree fields, read generically
type AnyNode = Node & Record<string, any>;

/**
 * Finds the free names of a function.
 * @param root a function's node
 * @param method whether it is a method, so that `this` means its object
 * @param strict whether it is of strict code
 */
export function freeNames(root: Node, method: boolean, strict = false): FreeName[] {
  const walk: Walk = { uses: [], guarded: new Set(), inBlocks: new Set(), withDepth: 0 };
  // A plain function has the `this` of its call; an arrow and a method have theirs from outside.
  walkFunction(root as AnyNode, outermostScope(strict), walk, method);
  return undeclared(walk.uses, walk.guarded, walk.inBlocks);
}

/** Whether a function's body has the directive 'use strict'. */
function isStrict(body: AnyNode): boolean {
  return body.body.some((statement: AnyNode) => statement.directive === 'use strict');
}

function use(name: string, offset: number, scope: Scope, walk: Walk, member?: string, called = false): void {
  if (walk.withDepth === 0) walk.uses.push({ name, offset, scope, member, called });
}

function visitCallee(node: AnyNode, scope: Scope, walk: Walk): void {
  if (node.type === 'Identifier') use(node.name, node.start, scope, walk, undefined, true);
  else visit(node, scope, walk);
}

function walkFunction(node: AnyNode, scope: Scope, walk: Walk, lexicalThis = false): void {
  // Parameters have their own scope around the body's: their defaults do not see its variables.
  const parameters = innerScope(scope, true);
  if (node.type !== 'ArrowFunctionExpression') {
    parameters.names.add('arguments').add('new.target');
    if (!lexicalThis) parameters.names.add('this');
    if (node.type === 'FunctionExpression' && node.id) parameters.names.add(node.id.name);
  }
  for (const parameter of node.params) walkPattern(parameter, parameters, parameters, walk);
  if (node.body.type !== 'BlockStatement') visit(node.body, parameters, walk);
  else visitAll(node.body.body, innerScope(parameters, true, scope.strict || isStrict(node.body)), walk);
}

/** Declares the names of a pattern in `target`. Defaults and computed keys are evaluated in `scope`. */
function walkPattern(node: AnyNode | null, target: Scope, scope: Scope, walk: Walk): void {
  switch (node?.type) {
    case 'Identifier':
      target.names.add(node.name);
      break;
    case 'AssignmentPattern':
      walkPattern(node.left, target, scope, walk);
      visit(node.right, scope, walk);
      break;
    case 'ArrayPattern':
      for (const element of node.elements) walkPattern(element, target, scope, walk);
      break;
    case 'ObjectPattern':
      for (const property of node.properties) {
        if (property.computed) visit(property.key, scope, walk);
        walkPattern(property.value ?? property, target, scope, walk);
      }
      break;
    case 'RestElement':
      walkPattern(node.argument, target, scope, walk);
      break;
  }
}

function walkClass(node: AnyNode, scope: Scope, walk: Walk): void {
  const body = innerScope(scope, false, true);
  if (node.id) body.names.add(node.id.name);
  if (node.superClass) visit(node.superClass, body, walk);
  for (const member of node.body.body) {
    if (member.key?.type === 'PrivateIdentifier') body.names.add(`#${member.key.name}`);
  }
  for (const member of node.body.body) {
    if (member.computed) visit(member.key, body, walk);
    // Fields and static blocks run like methods of the class.
    const own = innerScope(body, true);
    for (const name of ['this', 'super', 'new.target']) own.names.add(name);
    if (member.type === 'StaticBlock') visitAll(member.body, own, walk);
    else if (member.value) visit(member.value, own, walk);
  }
}

function calleeName({ type, name, property }: AnyNode): string {
  if (type === 'Identifier') return name;
  return type === 'MemberExpression' && property.type === 'Identifier' ? property.name : '';
}

type Visitor = (node: AnyNode, scope: Scope, walk: Walk) => void;

/**
 * Nodes that declare, open a scope, or contain identifiers that are no uses. Of all others, the parts are
 * visited.
 */
const VISITORS: Readonly<Record<string, Visitor>> = {
  Identifier: (node, scope, walk) => use(node.name, node.start, scope, walk),
  PrivateIdentifier: (node, scope, walk) => use(`#${node.name}`, node.start, scope, walk),
  ThisExpression: (node, scope, walk) => use('this', node.start, scope, walk),
  Super: (node, scope, walk) => use('super', node.start, scope, walk),
  MetaProperty: (node, scope, walk) =>
    use(`${node.meta.name}.${node.property.name}`, node.start, scope, walk),
  FunctionExpression: (node, scope, walk) => walkFunction(node, scope, walk),
  ArrowFunctionExpression: (node, scope, walk) => walkFunction(node, scope, walk),
  FunctionDeclaration: (node, scope, walk) => {
    scope.names.add(node.id.name);
    // In sloppy code, a plain function in a block is visible in the whole function around it.
    if (!scope.strict && !node.async && !node.generator) functionScope(scope).names.add(node.id.name);
    else if (!scope.isFunction) walk.inBlocks.add(node.id.name);
    walkFunction(node, scope, walk);
  },
  ClassDeclaration: (node, scope, walk) => {
    scope.names.add(node.id.name);
    walkClass(node, scope, walk);
  },
  ClassExpression: walkClass,
  VariableDeclaration: (node, scope, walk) => {
    const target = node.kind === 'var' ? functionScope(scope) : scope;
    for (const { id, init } of node.declarations) {
      walkPattern(id, target, scope, walk);
      if (init) visit(init, scope, walk);
    }
  },
  BlockStatement: (node, scope, walk) => visitAll(node.body, innerScope(scope), walk),
  ForStatement: (node, scope, walk) => visitParts(node, innerScope(scope), walk),
  ForInStatement: (node, scope, walk) => visitParts(node, innerScope(scope), walk),
  ForOfStatement: (node, scope, walk) => visitParts(node, innerScope(scope), walk),
  SwitchStatement: (node, scope, walk) => {
    visit(node.discriminant, scope, walk);
    visitAll(node.cases, innerScope(scope), walk);
  },
  CatchClause: (node, scope, walk) => {
    const own = innerScope(scope);
    walkPattern(node.param, own, own, walk);
    visit(node.body, own, walk);
  },
  LabeledStatement: (node, scope, walk) => visit(node.body, scope, walk),
  BreakStatement: () => {},
  ContinueStatement: () => {},
  WithStatement: (node, scope, walk) => {
    visit(node.object, scope, walk);
    walk.withDepth++;
    visit(node.body, scope, walk);
    walk.withDepth--;
  },
  MemberExpression: (node, scope, walk) => {
    const { object, property, computed } = node;
    if (object.type === 'Identifier' && !computed) use(object.name, object.start, scope, walk, property.name);
    else visit(object, scope, walk);
    if (computed || property.type === 'PrivateIdentifier') visit(property, scope, walk);
  },
  Property: (node, scope, walk) => {
    if (node.computed) visit(node.key, scope, walk);
    // A method of an inner object literal may use `super`, since its object goes with it.
    const own = innerScope(scope);
    if (node.method || node.kind !== 'init') own.names.add('super');
    visit(node.value, own, walk);
  },
  UnaryExpression: (node, scope, walk) => {
    if (node.operator === 'typeof' && node.argument.type === 'Identifier')
      walk.guarded.add(node.argument.name);
    else visit(node.argument, scope, walk);
  },
  CallExpression: (node, scope, walk) => {
    visitCallee(node.callee, scope, walk);
    // TypeScript passes `this` to its helpers, whether it is used or not: `__awaiter(this, …)`.
    const helper = /^__\w+$/.test(calleeName(node.callee));
    const [first, ...rest] = node.arguments;
    if (first && !(helper && first.type === 'ThisExpression')) visit(first, scope, walk);
    visitAll(rest, scope, walk);
  },
  NewExpression: (node, scope, walk) => {
    visitCallee(node.callee, scope, walk);
    visitAll(node.arguments, scope, walk);
  },
  TaggedTemplateExpression: (node, scope, walk) => {
    visitCallee(node.tag, scope, walk);
    visit(node.quasi, scope, walk);
  },
};

function visit(node: AnyNode, scope: Scope, walk: Walk): void {
  const visitor = VISITORS[node.type];
  if (visitor === undefined) visitParts(node, scope, walk);
  else visitor(node, scope, walk);
}

function visitAll(nodes: readonly (AnyNode | null)[], scope: Scope, walk: Walk): void {
  for (const node of nodes) if (node !== null) visit(node, scope, walk);
}

function visitParts(node: AnyNode, scope: Scope, walk: Walk): void {
  // Own ones alone: a program's `Object.prototype` may be polluted.
  for (const key of Object.keys(node)) {
    const part = node[key];
    if (typeof part !== 'object' || part === null) continue;
    if (Array.isArray(part)) visitAll(part, scope, walk);
    else if (typeof part.type === 'string') visit(part, scope, walk);
  }
}
