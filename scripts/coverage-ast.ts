/** A stretch of a source file, in bytes; file as numbered by the compiler. */
export interface Place {
  readonly start: number;
  readonly length: number;
  readonly file: number;
}
/** A decision: null bodies are what has no statement of its own. */
export interface Branch {
  readonly whole: Place;
  readonly condition: Place;
  readonly bodies: readonly [Place | null, Place | null];
}

interface Node {
  readonly nodeType: string;
  readonly src: string;
  readonly [key: string]: unknown;
}

const STATEMENTS = new Set([
  "ExpressionStatement",
  "VariableDeclarationStatement",
  "Return",
  "EmitStatement",
  "RevertStatement",
  "YulAssignment",
  "YulExpressionStatement",
  "YulVariableDeclaration",
]);

/** What of a source can run: its statements, with the conditions of `if` and loops, and its decisions. */
export function coverableOf(ast: object): {statements: Place[]; branches: Branch[]} {
  const statements: Place[] = [];
  const branches: Branch[] = [];
  visit(ast as Node);
  return {statements, branches};

  function visit(node: Node): void {
    if (STATEMENTS.has(node.nodeType)) statements.push(placeOf(node));
    const condition = node["condition"];
    if (isNode(condition)) {
      statements.push(placeOf(condition));
      if (node.nodeType === "IfStatement") decide(node, condition, node["trueBody"], node["falseBody"]);
      if (node.nodeType === "Conditional") decide(node, condition, node["trueExpression"], node["falseExpression"]);
      if (node.nodeType === "YulIf") decide(node, condition, node["body"], null);
    }
    for (const child of Object.values(node).flat()) if (isNode(child)) visit(child);
  }
  function decide(node: Node, condition: Node, yes: unknown, no: unknown): void {
    branches.push({
      whole: placeOf(node),
      condition: placeOf(condition),
      bodies: [isNode(yes) ? placeOf(yes) : null, isNode(no) ? placeOf(no) : null],
    });
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "nodeType" in value && "src" in value;
}

function placeOf({src}: Node): Place {
  const [start = 0, length = 0, file = -1] = src.split(":").map(Number);
  return {start, length, file};
}
