/** Names of the places that are being computed, so that a traced graph can say where each of its nodes belongs. */

const stack: string[] = [];

/** Runs `fn` inside `name`; scopes nest, joined by "/". */
export function withScope<T>(name: string, fn: () => T): T {
  stack.push(name);
  try {
    return fn();
  } finally {
    stack.pop();
  }
}

/** For example "scales.0.checkerboard.1/net"; empty outside any scope. */
export function currentScope(): string {
  return stack.join('/');
}
