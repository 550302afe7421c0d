/**
 * Which names a function uses that it does not declare: its free names.
 *
 * One walk notes each declaration in its scope and each use with the scope it stands in; uses are looked up only at
 * the end, so that hoisting needs no walk of its own. A `var` and a function go to the nearest function's scope, the
 * others to the nearest block. Names that exist only where `eval` or `with` makes them are beyond any analysis.
 */
import type { Node } from 'acorn';

/** A name that is used but not declared. */
export interface FreeName {
  /** `this`, `super`, `new.target`, `import.meta` and `#private` are names here, too. */
  readonly name: string;
  /** Offset of its first use in the parsed text. */
  readonly offset: number;
  /** Properties that are read of it, as in `crypto.createHash`. */
  readonly members: ReadonlySet<string>;
  /** It is called somewhere, or used with `new`: so it is a function or a class. */
  readonly called: boolean;
  /** It is used somewhere otherwise than by a property that is read of it. */
  readonly bare: boolean;
  /** A function of this name is declared in a block, which in strict code keeps it. */
  readonly inBlock: boolean;
}

interface Scope {
  readonly parent: Scope | undefined;
  readonly names: Set<string>;
  /** `var` stops here. */
  readonly isFunction: boolean;
  /** A function that is declared in a block stays in it. */
  readonly strict: boolean;
}

interface Use {
  readonly name: string;
  readonly offset: number;
  readonly scope: Scope;
  readonly member: string | undefined;
  readonly called: boolean;
}

interface Walk {
  readonly uses: Use[];
  /** Names after a `typeof`, which is how code asks whether they exist: all their uses are taken as guarded. */
  readonly guarded: Set<string>;
  /** Functions that stay in their blocks. */
  readonly inBlocks: Set<string>;
  /** Inside `with`, any name may be a property. */
  withDepth: number;
}

/** A node with its fields at hand; what a field holds is known from its type. */
// biome-ignore lint/suspicious/noExplicitAny: ESTree fields, read generically
type AnyNode = Node & Record<string, any>;

/**
 * Finds the free names of a function.
 * @param root a function's node
 * @param method whether it is a method, of which `this` would be an object
 * @param strict whether it is of strict code
 */
export function freeNames(root: Node, method: boolean, strict = false): FreeName[] {
  const walk: Walk = { uses: [], guarded: new Set(), inBlocks: new Set(), withDepth: 0 };
  const outside: Scope = { parent: undefined, names: new Set(), isFunction: true, strict };
  // A plain function gets its `this` from the call, as a caller knows; an arrow and a method have it from around them.
  walkFunction(root as AnyNode, outside, walk, method);
  return resolve(walk);
}

function resolve(walk: Walk): FreeName[] {
  const free = new Map<string, FreeName & { members: Set<string>; called: boolean; bare: boolean }>();
  for (const use of walk.uses) {
    if (isDeclared(use) || walk.guarded.has(use.name)) continue;
    let entry = free.get(use.name);
    if (entry === undefined) {
      const { name, offset } = use;
      const inBlock = walk.inBlocks.has(name);
      entry = { name, offset, members: new Set(), called: false, bare: false, inBlock };
      free.set(use.name, entry);
    }
    if (use.member === undefined) entry.bare = true;
    else entry.members.add(use.member);
    entry.called ||= use.called;
  }
  return [...free.values()].sort((a, b) => a.offset - b.offset);
}

function isDeclared({ name, scope }: Use): boolean {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    if (at.names.has(name)) return true;
  }
  return false;
}

function inner(parent: Scope, isFunction = false, strict = parent.strict): Scope {
  return { parent, names: new Set(), isFunction, strict };
}

/** Whether a function's body says so itself. */
function isStrict(body: AnyNode): boolean {
  return body.body.some((statement: AnyNode) => statement.directive === 'use strict');
}

function functionScope(scope: Scope): Scope {
  let at = scope;
  while (!at.isFunction && at.parent !== undefined) at = at.parent;
  return at;
}

function use(
  name: string,
  offset: number,
  scope: Scope,
  walk: Walk,
  { member, called = false }: { member?: string; called?: boolean } = {},
): void {
  if (walk.withDepth === 0) walk.uses.push({ name, offset, scope, member, called });
}

function visitCallee(node: AnyNode, scope: Scope, walk: Walk): void {
  if (node.type === 'Identifier') use(node.name, node.start, scope, walk, { called: true });
  else visit(node, scope, walk);
}

function walkFunction(node: AnyNode, scope: Scope, walk: Walk, lexicalThis = false): void {
  // Parameters have a scope of their own around the body's: their defaults do not see its variables.
  const parameters = inner(scope, true);
  if (node.type !== 'ArrowFunctionExpression') {
    parameters.names.add('arguments').add('new.target');
    if (!lexicalThis) parameters.names.add('this');
    if (node.type === 'FunctionExpression' && node.id) parameters.names.add(node.id.name);
  }
  for (const parameter of node.params) walkPattern(parameter, parameters, parameters, walk);
  if (node.body.type !== 'BlockStatement') visit(node.body, parameters, walk);
  else visitAll(node.body.body, inner(parameters, true, scope.strict || isStrict(node.body)), walk);
}

/** Declares the names of a pattern in `target`; defaults and computed keys are expressions of `scope`. */
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
  const body = inner(scope, false, true);
  if (node.id) body.names.add(node.id.name);
  if (node.superClass) visit(node.superClass, body, walk);
  for (const member of node.body.body) {
    if (member.key?.type === 'PrivateIdentifier') body.names.add(`#${member.key.name}`);
  }
  for (const member of node.body.body) {
    if (member.computed) visit(member.key, body, walk);
    // Fields and static blocks run as methods of the class.
    const own = inner(body, true);
    for (const name of ['this', 'super', 'new.target']) own.names.add(name);
    if (member.type === 'StaticBlock') visitAll(member.body, own, walk);
    else if (member.value) visit(member.value, own, walk);
  }
}

type Visitor = (node: AnyNode, scope: Scope, walk: Walk) => void;

/** Nodes that declare, that open a scope, or of which not every identifier is a use. All others: their parts. */
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
    // In sloppy code a plain one in a block is visible in the whole function, too.
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
  BlockStatement: (node, scope, walk) => visitAll(node.body, inner(scope), walk),
  ForStatement: (node, scope, walk) => visitParts(node, inner(scope), walk),
  ForInStatement: (node, scope, walk) => visitParts(node, inner(scope), walk),
  ForOfStatement: (node, scope, walk) => visitParts(node, inner(scope), walk),
  SwitchStatement: (node, scope, walk) => {
    visit(node.discriminant, scope, walk);
    visitAll(node.cases, inner(scope), walk);
  },
  CatchClause: (node, scope, walk) => {
    const own = inner(scope);
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
    if (object.type === 'Identifier' && !computed)
      use(object.name, object.start, scope, walk, { member: property.name });
    else visit(object, scope, walk);
    if (computed || property.type === 'PrivateIdentifier') visit(property, scope, walk);
  },
  Property: (node, scope, walk) => {
    if (node.computed) visit(node.key, scope, walk);
    // A method of an object literal inside may use `super`: it has its object with it.
    const own = inner(scope);
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
    // TypeScript passes `this` on to its helpers, whether it is used or not: `__awaiter(this, …)`.
    const helper = /^__\w+$/.test(node.callee.name ?? node.callee.property?.name ?? '');
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
  for (const key in node) {
    const part = node[key];
    if (typeof part !== 'object' || part === null) continue;
    if (Array.isArray(part)) visitAll(part, scope, walk);
    else if (typeof part.type === 'string') visit(part, scope, walk);
  }
}
