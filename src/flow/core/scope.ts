/**
 * Names of the places that are being computed and of values in them, so that a traced graph can say where each of its nodes
 * belongs, and what is printed from it what its values are.
 */
import type { Tensor } from '@tensorflow/tfjs-core';

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

type Listener = (name: string, value: Tensor) => void;
let listener: Listener | undefined;

/** Calls `fn`; the listener hears the names of values. */
export function hearNames<T>(heard: Listener, fn: () => T): T {
  const before = listener;
  listener = heard;
  try {
    return fn();
  } finally {
    listener = before;
  }
}

/** The value itself, which is called by that name where the flow is printed. */
export function named<T extends Tensor>(name: string, value: T): T {
  listener?.(name, value);
  return value;
}

/** The scope of one of several passes that compute the same with another `varied` constant: they are printed as a loop. */
export const passScope = (number: number): string => `pass.${number}`;
export const isPassScope = (name: string): boolean => /^pass\.\d+$/.test(name);
export const varied = 'place';
